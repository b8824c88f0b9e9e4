// When to launch a batch, and how large: a decision without a thread, a lock or a clock of its own.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_POLICY_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_POLICY_H_

#include <cstddef>

#include "absl/time/time.h"

namespace localmamba::server {

// What a policy may know of a queue. Requests are in the order they came.
struct QueueSnapshot {
  size_t requests = 0;  // at least 1
  absl::Time oldest_arrival;
};

struct BatchDecision {
  size_t launch = 0;                         // this many from the front, now; or, if 0,
  absl::Time wake = absl::InfiniteFuture();  // decide again then, or when another request comes
};

// Immutable; safe from several threads.
class BatchPolicy {
 public:
  virtual ~BatchPolicy() = default;

  // `launch` of the result is at most queue.requests and max_batch_size(); if it is 0, `wake` is
  // later than `now`.
  [[nodiscard]] virtual BatchDecision Decide(const QueueSnapshot& queue, absl::Time now) const = 0;

  [[nodiscard]] virtual size_t max_batch_size() const = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_POLICY_H_
