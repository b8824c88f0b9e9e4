// When to launch a batch, and how large: a decision without a thread, a lock or a clock of its own.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_POLICY_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_POLICY_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"

namespace localmamba::server {

// What a policy may know of a bucket: the requests of one dtype and shape that wait, which alone
// can share a batch. At least one waits.
struct BucketSnapshot {
  size_t images = 0;
  absl::Time oldest_arrival;
  // When the first in the bucket's order came, had it the highest priority (see BatchQueue): the
  // bucket with the earliest has waited longest.
  absl::Time first_turn;
};

using QueueSnapshot = std::vector<BucketSnapshot>;  // one or more

struct BatchDecision {
  size_t launch = 0;                         // this many images from the front, now; or, if 0,
  size_t bucket = 0;                         // of this one
  absl::Time wake = absl::InfiniteFuture();  // decide again then, or when another request comes
};

// Immutable; safe from several threads.
class BatchPolicy {
 public:
  virtual ~BatchPolicy() = default;

  // `launch` of the result is at most the bucket's images and max_batch_size(); if it is 0, `wake`
  // is later than `now`.
  [[nodiscard]] virtual BatchDecision Decide(const QueueSnapshot& queue, absl::Time now) const = 0;

  [[nodiscard]] virtual size_t max_batch_size() const = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_POLICY_H_
