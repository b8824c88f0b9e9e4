#include "server/rpc/status_conversion.h"

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace localmamba::server {
namespace {

// gRPC escapes each byte that is not ASCII as three, and accepts 8 KiB of metadata by default, in
// which the details hold the message once more.
constexpr size_t kMaxMessageBytes = 1024;

// Time for a full queue to shrink; a caller that is refused again waits longer by itself.
constexpr int kRetryDelaySeconds = 1;

// At most kMaxMessageBytes of `message`, which end where a character of UTF-8 ends.
absl::string_view Cut(absl::string_view message) {
  if (message.size() <= kMaxMessageBytes) return message;
  size_t end = kMaxMessageBytes;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) --end;
  return message.substr(0, end);
}

// google.rpc.Status with RetryInfo.
std::string RetryDetails(const grpc::Status& status) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(kRetryDelaySeconds);
  google::rpc::Status details;
  details.set_code(status.error_code());
  details.set_message(status.error_message());
  details.add_details()->PackFrom(retry);
  return details.SerializeAsString();
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // Both enumerations have the numbers of google.rpc.Code.
  const grpc::Status result(static_cast<grpc::StatusCode>(status.code()),
                            std::string(Cut(status.message())));
  if (result.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) return result;
  return {result.error_code(), result.error_message(), RetryDetails(result)};
}

}  // namespace localmamba::server
