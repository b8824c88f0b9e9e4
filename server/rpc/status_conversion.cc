#include "server/rpc/status_conversion.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

// gRPC escapes each byte that is not ASCII as three, and accepts 8 KiB of metadata by default, in
// which the details hold the message once more.
constexpr size_t kMaxMessageBytes = 1024;

// Where nothing is known of how long it will take; a caller that is refused again waits longer by
// itself.
constexpr absl::Duration kRetryDelay = absl::Seconds(1);

// At most kMaxMessageBytes of `message`, which end where a character of UTF-8 ends.
absl::string_view Cut(absl::string_view message) {
  if (message.size() <= kMaxMessageBytes) return message;
  size_t end = kMaxMessageBytes;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) --end;
  return message.substr(0, end);
}

// google.rpc.Status with RetryInfo.
std::string RetryDetails(const grpc::Status& status, absl::Duration delay) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(absl::IDivDuration(delay, absl::Seconds(1), &delay));
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(delay)));
  google::rpc::Status details;
  details.set_code(status.error_code());
  details.set_message(status.error_message());
  details.add_details()->PackFrom(retry);
  return details.SerializeAsString();
}

}  // namespace

std::optional<absl::Duration> RetryDelay(const absl::Status& status) {
  if (!absl::IsResourceExhausted(status)) return std::nullopt;
  return RetryDelayOf(status).value_or(kRetryDelay);
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // Both enumerations have the numbers of google.rpc.Code.
  const grpc::Status result(static_cast<grpc::StatusCode>(status.code()),
                            std::string(Cut(status.message())));
  const std::optional<absl::Duration> delay = RetryDelay(status);
  if (!delay.has_value()) return result;
  return {result.error_code(), result.error_message(), RetryDetails(result, *delay)};
}

}  // namespace localmamba::server
