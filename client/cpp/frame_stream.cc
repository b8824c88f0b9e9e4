#include "client/cpp/frame_stream.h"

#include "absl/strings/cord.h"
#include "client/cpp/error_details.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace localmamba::client {

absl::Status ToStatus(const v1::FrameError& error) {
  absl::Status status(static_cast<absl::StatusCode>(error.code()), error.message());
  if (error.has_retry_delay()) {
    google::rpc::RetryInfo info;
    *info.mutable_retry_delay() = error.retry_delay();
    google::rpc::Status details;
    details.set_code(error.code());
    details.set_message(error.message());
    details.add_details()->PackFrom(info);
    status.SetPayload(kErrorDetails, absl::Cord(details.SerializeAsString()));
  }
  return status;
}

}  // namespace localmamba::client
