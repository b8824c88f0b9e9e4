#include "server/runtime/rejection.h"

#include <array>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "kernels/base/check.h"

namespace localmamba::server {
namespace {

constexpr char kPayloadUrl[] = "localmamba.v1/reject_reason";
constexpr char kRetryUrl[] = "localmamba.v1/retry_after_ns";

constexpr std::array kReasons = {
    RejectReason::kInvalidRequest, RejectReason::kInvalidImage, RejectReason::kUnknownModel,
    RejectReason::kLoading,        RejectReason::kTooManyBytes, RejectReason::kTooManyRequests,
    RejectReason::kTooManyStreams, RejectReason::kClientRate,   RejectReason::kDecodeQueueFull,
    RejectReason::kBatchQueueFull, RejectReason::kQueueTimeout, RejectReason::kLatencyGoal,
    RejectReason::kAdminQueueFull, RejectReason::kDeadline,     RejectReason::kCancelled,
    RejectReason::kSkipped,        RejectReason::kDraining,     RejectReason::kDeviceLost,
    RejectReason::kInternal};

}  // namespace

absl::string_view ToString(RejectReason reason) {
  switch (reason) {
    case RejectReason::kInvalidRequest:
      return "invalid_request";
    case RejectReason::kInvalidImage:
      return "invalid_image";
    case RejectReason::kUnknownModel:
      return "unknown_model";
    case RejectReason::kLoading:
      return "loading";
    case RejectReason::kTooManyBytes:
      return "too_many_bytes";
    case RejectReason::kTooManyRequests:
      return "too_many_requests";
    case RejectReason::kTooManyStreams:
      return "too_many_streams";
    case RejectReason::kClientRate:
      return "client_rate";
    case RejectReason::kDecodeQueueFull:
      return "decode_queue_full";
    case RejectReason::kBatchQueueFull:
      return "batch_queue_full";
    case RejectReason::kQueueTimeout:
      return "queue_timeout";
    case RejectReason::kLatencyGoal:
      return "latency_goal";
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

absl::Status InvalidRequest(absl::string_view text) {
  return Reject(RejectReason::kInvalidRequest, absl::InvalidArgumentError(text));
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

absl::Status RetryAfter(absl::Duration delay, absl::Status status) {
  LM_CHECK(!status.ok());
  status.SetPayload(kRetryUrl, absl::Cord(absl::StrCat(absl::ToInt64Nanoseconds(delay))));
  return status;
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kRetryUrl);
  int64_t nanoseconds = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &nanoseconds)) {
    return std::nullopt;
  }
  return absl::Nanoseconds(nanoseconds);
}

}  // namespace localmamba::server
