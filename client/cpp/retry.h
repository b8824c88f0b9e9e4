// When a call that failed is worth another attempt.
#ifndef LOCALMAMBA_CLIENT_CPP_RETRY_H_
#define LOCALMAMBA_CLIENT_CPP_RETRY_H_

#include <atomic>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace localmamba::client {

struct RetryOptions {
  // Attempts of one call, the first included. 1: none is repeated.
  int max_attempts = 1;
  // Wait before the second attempt where the server does not say how long; each further wait is
  // twice as long, up to max_backoff.
  absl::Duration initial_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(10);
  // All calls of a client together may repeat this many attempts, and one more for every
  // 1 / budget_ratio calls that succeed: a server that refuses most requests must not get twice as
  // many.
  double budget = 10;
  double budget_ratio = 0.1;
};

// How long to wait before attempt number `attempt` (from 2) at a call that failed with `status`;
// nothing if a repetition cannot help. `jitter`, 0 to 1, spreads those that failed together.
//
// RESOURCE_EXHAUSTED and UNAVAILABLE with google.rpc.RetryInfo: the delay it names, up to half as
// long again. UNAVAILABLE without: half of the backoff to all of it. RESOURCE_EXHAUSTED without
// means that the message is too large, so that and every other code: nothing.
std::optional<absl::Duration> RetryDelay(const absl::Status& status, int attempt,
                                         const RetryOptions& options, double jitter);

// What the calls of one client may still repeat. Safe to use from several threads.
class RetryBudget {
 public:
  explicit RetryBudget(const RetryOptions& options);

  // False if there is not enough left for one more attempt.
  bool TrySpend();

  // To be told of each call that succeeded.
  void Earn();

 private:
  const double max_;
  const double ratio_;
  std::atomic<double> left_;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CPP_RETRY_H_
