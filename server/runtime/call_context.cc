#include "server/runtime/call_context.h"

#include "absl/strings/str_cat.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {

absl::Status CheckWanted(const CallContext& context, absl::Time now, absl::string_view stage) {
  if (context.cancelled != nullptr && context.cancelled->load(std::memory_order_relaxed)) {
    return Reject(RejectReason::kCancelled,
                  absl::CancelledError(absl::StrCat("cancelled by the caller before ", stage)));
  }
  if (now >= context.deadline) {
    return Reject(RejectReason::kDeadline,
                  absl::DeadlineExceededError(absl::StrCat(
                      "the deadline passed ", absl::FormatDuration(now - context.deadline),
                      " before ", stage, " could begin")));
  }
  return absl::OkStatus();
}

}  // namespace localmamba::server
