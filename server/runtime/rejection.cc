#include "server/runtime/rejection.h"

#include <array>

#include "absl/strings/cord.h"
#include "absl/types/optional.h"
#include "kernels/base/check.h"

namespace localmamba::server {
namespace {

constexpr char kPayloadUrl[] = "localmamba.v1/reject_reason";

constexpr std::array kReasons = {
    RejectReason::kInvalidRequest, RejectReason::kInvalidImage,    RejectReason::kUnknownModel,
    RejectReason::kTooManyBytes,   RejectReason::kDecodeQueueFull, RejectReason::kBatchQueueFull,
    RejectReason::kQueueTimeout,   RejectReason::kAdminQueueFull,  RejectReason::kDeadline,
    RejectReason::kCancelled,      RejectReason::kSkipped,         RejectReason::kDraining,
    RejectReason::kDeviceLost,     RejectReason::kInternal};

}  // namespace

absl::string_view ToString(RejectReason reason) {
  switch (reason) {
    case RejectReason::kInvalidRequest:
      return "invalid_request";
    case RejectReason::kInvalidImage:
      return "invalid_image";
    case RejectReason::kUnknownModel:
      return "unknown_model";
    case RejectReason::kTooManyBytes:
      return "too_many_bytes";
    case RejectReason::kDecodeQueueFull:
      return "decode_queue_full";
    case RejectReason::kBatchQueueFull:
      return "batch_queue_full";
    case RejectReason::kQueueTimeout:
      return "queue_timeout";
    case RejectReason::kAdminQueueFull:
      return "admin_queue_full";
    case RejectReason::kDeadline:
      return "deadline";
    case RejectReason::kCancelled:
      return "cancelled";
    case RejectReason::kSkipped:
      return "skipped";
    case RejectReason::kDraining:
      return "draining";
    case RejectReason::kDeviceLost:
      return "device_lost";
    case RejectReason::kInternal:
      return "internal";
  }
  return "internal";
}

absl::Status Reject(RejectReason reason, absl::Status status) {
  LM_CHECK(!status.ok());
  status.SetPayload(kPayloadUrl, absl::Cord(ToString(reason)));
  return status;
}

RejectReason ReasonOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (payload.has_value()) {
    for (const RejectReason reason : kReasons) {
      if (*payload == ToString(reason)) return reason;
    }
  }
  return RejectReason::kInternal;
}

}  // namespace localmamba::server
