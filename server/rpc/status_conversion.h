// absl::Status to grpc::Status.
#ifndef LOCALMAMBA_SERVER_RPC_STATUS_CONVERSION_H_
#define LOCALMAMBA_SERVER_RPC_STATUS_CONVERSION_H_

#include <grpcpp/support/status.h>

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace localmamba::server {

// How long the caller should wait before it tries again; unset if that would not help.
std::optional<absl::Duration> RetryDelay(const absl::Status& status);

// Same code, same message, without payloads. With a RetryDelay it gets google.rpc.RetryInfo as
// its details. A message longer than 1 KiB is cut: it travels in HTTP/2 headers, which peers limit.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_STATUS_CONVERSION_H_
