// The part of the admin services that is the same for every method.
#ifndef LOCALMAMBA_SERVER_RPC_ADMIN_CALL_H_
#define LOCALMAMBA_SERVER_RPC_ADMIN_CALL_H_

#include <utility>

#include "absl/status/status.h"
#include "server/metrics/server_metrics.h"
#include "server/rpc/unary_call.h"
#include "server/runtime/executor.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {

// `status` with the reject reason that its code suggests.
inline absl::Status WithReason(absl::Status status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return Reject(RejectReason::kInvalidRequest, std::move(status));
    case absl::StatusCode::kResourceExhausted:
      return Reject(RejectReason::kAdminQueueFull, std::move(status));
    case absl::StatusCode::kUnavailable:
      return Reject(RejectReason::kDraining, std::move(status));
    case absl::StatusCode::kCancelled:
      return Reject(RejectReason::kCancelled, std::move(status));
    default:
      return status;
  }
}

// Has `executor` do `work`, which returns an absl::Status and may block, and ends the call with it.
// `method` as in "GetJob".
template <class Work>
grpc::ServerUnaryReactor* AdminCall(const char* method, ServerMetrics& metrics, Executor& executor,
                                    Work work) {
  auto* call = new UnaryCall(method, metrics);
  const bool taken = executor.TrySubmit(
      [call, work = std::move(work)]() mutable { call->End(WithReason(work())); });
  if (!taken) {
    call->End(WithReason(absl::ResourceExhaustedError("too many such calls wait")));
  }
  return call;
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RPC_ADMIN_CALL_H_
