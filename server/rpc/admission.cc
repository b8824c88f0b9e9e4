#include "server/rpc/admission.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

absl::Status CheckServing(const Lifecycle& lifecycle) {
  const Phase phase = lifecycle.phase();
  if (phase == Phase::kLoading || phase == Phase::kStopping) {
    return Reject(RejectReason::kDraining,
                  absl::UnavailableError(absl::StrCat("the server is ", ToString(phase))));
  }
  if (const absl::Status failure = lifecycle.failure(); !failure.ok()) {
    return Reject(
        RejectReason::kDeviceLost,
        absl::UnavailableError(absl::StrCat(
            "the server's device has failed, it must be restarted: ", failure.message())));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Admission::Ticket> Admission::Admit(size_t bytes) {
  LM_RETURN_IF_ERROR(CheckServing(lifecycle_));
  const auto wanted = static_cast<int64_t>(bytes);
  if (!bytes_.TryTake(wanted)) {
    return Reject(RejectReason::kTooManyBytes,
                  absl::ResourceExhaustedError(
                      absl::StrCat("requests in flight hold too much memory: ", bytes,
                                   " bytes came, max_in_flight_bytes is ", bytes_.limit())));
  }
  return Ticket(*this, wanted);
}

}  // namespace localmamba::server
