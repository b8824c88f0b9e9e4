#include "client/cpp/retry.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/cord.h"
#include "client/cpp/error_details.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace localmamba::client {
namespace {

std::optional<absl::Duration> DelayOfServer(const absl::Status& status) {
  const auto payload = status.GetPayload(kErrorDetails);
  google::rpc::Status details;
  if (!payload.has_value() || !details.ParseFromString(std::string(*payload))) return std::nullopt;
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::RetryInfo info;
    if (detail.UnpackTo(&info)) {
      return absl::Seconds(info.retry_delay().seconds()) +
             absl::Nanoseconds(info.retry_delay().nanos());
    }
  }
  return std::nullopt;
}

absl::Duration Backoff(int attempt, const RetryOptions& options) {
  return std::min(options.max_backoff, options.initial_backoff * std::exp2(attempt - 2));
}

}  // namespace

std::optional<absl::Duration> RetryDelay(const absl::Status& status, int attempt,
                                         const RetryOptions& options, double jitter) {
  const bool unavailable = absl::IsUnavailable(status);
  if (attempt > options.max_attempts || (!unavailable && !absl::IsResourceExhausted(status))) {
    return std::nullopt;
  }
  if (const std::optional<absl::Duration> delay = DelayOfServer(status); delay.has_value()) {
    return *delay * (1 + jitter / 2);
  }
  if (!unavailable) return std::nullopt;
  return Backoff(attempt, options) * (0.5 + jitter / 2);
}

RetryBudget::RetryBudget(const RetryOptions& options)
    : max_(options.budget), ratio_(options.budget_ratio), left_(options.budget) {}

bool RetryBudget::TrySpend() {
  double left = left_.load();
  do {
    if (left < 1) return false;
  } while (!left_.compare_exchange_weak(left, left - 1));
  return true;
}

void RetryBudget::Earn() {
  double left = left_.load();
  while (left < max_ && !left_.compare_exchange_weak(left, std::min(max_, left + ratio_))) {
  }
}

}  // namespace localmamba::client
