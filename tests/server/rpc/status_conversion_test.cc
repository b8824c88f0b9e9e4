#include "server/rpc/status_conversion.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace localmamba::server {
namespace {

TEST(StatusConversionTest, OkStaysOk) { EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok()); }

TEST(StatusConversionTest, CodesAndMessagesAreKept) {
  const std::pair<absl::StatusCode, grpc::StatusCode> codes[] = {
      {absl::StatusCode::kCancelled, grpc::StatusCode::CANCELLED},
      {absl::StatusCode::kUnknown, grpc::StatusCode::UNKNOWN},
      {absl::StatusCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
      {absl::StatusCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
      {absl::StatusCode::kNotFound, grpc::StatusCode::NOT_FOUND},
      {absl::StatusCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
      {absl::StatusCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
      {absl::StatusCode::kUnimplemented, grpc::StatusCode::UNIMPLEMENTED},
      {absl::StatusCode::kInternal, grpc::StatusCode::INTERNAL},
      {absl::StatusCode::kUnavailable, grpc::StatusCode::UNAVAILABLE}};
  for (const auto& [from, to] : codes) {
    const grpc::Status status = ToGrpcStatus(absl::Status(from, "why"));
    EXPECT_EQ(status.error_code(), to);
    EXPECT_EQ(status.error_message(), "why");
  }
}

TEST(StatusConversionTest, LongMessagesAreCut) {
  const grpc::Status status = ToGrpcStatus(absl::InternalError(std::string(100'000, 'x')));
  EXPECT_EQ(status.error_message().size(), 1024U);
}

TEST(StatusConversionTest, MessagesAreCutBetweenCharacters) {
  std::string message = "x";
  for (int i = 0; i < 1000; ++i) message += "é";
  EXPECT_EQ(ToGrpcStatus(absl::InternalError(message)).error_message(), message.substr(0, 1023));
}

TEST(StatusConversionTest, OnlyExhaustionTellsWhenToRetry) {
  EXPECT_EQ(ToGrpcStatus(absl::UnavailableError("stopping")).error_details(), "");
  google::rpc::Status details;
  ASSERT_TRUE(
      details.ParseFromString(ToGrpcStatus(absl::ResourceExhaustedError("full")).error_details()));
  EXPECT_EQ(details.code(), 8);
  EXPECT_EQ(details.message(), "full");
  google::rpc::RetryInfo retry;
  ASSERT_EQ(details.details_size(), 1);
  EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/google.rpc.RetryInfo");
  ASSERT_TRUE(details.details(0).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
}

}  // namespace
}  // namespace localmamba::server
