#include "server/batching/too_late.h"

#include "server/runtime/rejection.h"

namespace localmamba::server {

absl::Status TooLate(absl::Time due, absl::Time deadline) {
  if (deadline <= due) {
    return Reject(RejectReason::kDeadline,
                  absl::DeadlineExceededError(
                      "the deadline is nearer than the time that the model needs to answer"));
  }
  return Reject(
      RejectReason::kLatencyGoal,
      absl::ResourceExhaustedError("the model is too busy to answer within its latency goal"));
}

}  // namespace localmamba::server
