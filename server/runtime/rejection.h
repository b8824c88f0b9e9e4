// Why a request was turned away, for the counter of rejections. The reason travels inside the
// absl::Status, so that the place that knows it and the place that counts it need not meet.
#ifndef LOCALMAMBA_SERVER_RUNTIME_REJECTION_H_
#define LOCALMAMBA_SERVER_RUNTIME_REJECTION_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace localmamba::server {

enum class RejectReason : uint8_t {
  kInvalidRequest,   // a field is missing, out of range or does not fit the model
  kInvalidImage,     // the picture cannot be decoded or is over a limit
  kUnknownModel,     // no such model or version
  kLoading,          // the version is being loaded
  kTooManyBytes,     // requests hold too much memory together
  kTooManyRequests,  // too many requests are in flight
  kTooManyStreams,   // too many streams are open
  kClientRate,       // the client asks too often
  kDecodeQueueFull,  // too many requests wait to be decoded
  kBatchQueueFull,   // too many requests, or bytes, wait for the model
  kQueueTimeout,     // waited for the model for longer than allowed
  kLatencyGoal,      // the model is too busy to answer within its latency goal
  kAdminQueueFull,   // too many jobs, or calls of the admin port, wait
  kDeadline,         // too late to begin
  kCancelled,        // the caller has left
  kSkipped,          // a newer frame of its stream took its place
  kDraining,         // the server is about to stop
  kDeviceLost,       // the device has failed for good
  kInternal,         // a fault of the server
};

// "invalid_request", and so on: values of the metric's label `reason`.
absl::string_view ToString(RejectReason reason);

// `status`, which is not OK, with the reason attached.
absl::Status Reject(RejectReason reason, absl::Status status);

// INVALID_ARGUMENT for kInvalidRequest.
absl::Status InvalidRequest(absl::string_view text);

// The reason attached to `status`, which is not OK; kInternal if there is none.
RejectReason ReasonOf(const absl::Status& status);

// `status`, which is not OK, with the advice to try again after `delay`.
absl::Status RetryAfter(absl::Duration delay, absl::Status status);

// That advice; unset if there is none.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_REJECTION_H_
