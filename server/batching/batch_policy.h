// When to launch a batch, how large, and for whom it is too late: decisions without a thread, a lock
// or a clock of their own.
#ifndef LOCALMAMBA_SERVER_BATCHING_BATCH_POLICY_H_
#define LOCALMAMBA_SERVER_BATCHING_BATCH_POLICY_H_

#include <cstddef>

#include "absl/time/time.h"
#include "server/batching/cost_table.h"
#include "server/batching/queue_snapshot.h"

namespace localmamba::server {

struct BatchDecision {
  size_t launch = 0;                         // this many images from the front, now; or, if 0,
  size_t bucket = 0;                         // of this one
  absl::Time wake = absl::InfiniteFuture();  // decide again then, or when another request comes
};

// Immutable; safe from several threads.
class BatchPolicy {
 public:
  virtual ~BatchPolicy() = default;

  // For an engine that is free: of the buckets of which something is to be launched, the one that has
  // waited longest. `queue` has at least one bucket.
  [[nodiscard]] BatchDecision Decide(const QueueSnapshot& queue, const CostTable& costs,
                                     absl::Time now) const;

  // Whether Admits and LeastTime ever turn one away.
  [[nodiscard]] virtual bool sheds_early() const = 0;

  // Whether one that comes now, behind those in `queue`, can be answered in time.
  // `bucket` is the index of its own, or that of none if it is the first of its kind.
  [[nodiscard]] virtual bool Admits(const QueueSnapshot& queue, size_t bucket,
                                    const Arrival& arrival, const CostTable& costs,
                                    absl::Time now) const = 0;

  // The time from launch that a request of so many images needs at least: if less is left, it is not
  // launched.
  [[nodiscard]] virtual absl::Duration LeastTime(size_t images, const CostTable& costs) const = 0;

  [[nodiscard]] virtual size_t max_batch_size() const = 0;

 private:
  // Of one bucket of `queue`. `launch` of the result is at most its images and max_batch_size(); if
  // it is 0, `wake` is later than `now`.
  [[nodiscard]] virtual BatchDecision DecideFor(const BucketSnapshot& bucket,
                                                const QueueSnapshot& queue, const CostTable& costs,
                                                absl::Time now) const = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_BATCH_POLICY_H_
