#include "server/batching/batch_policy.h"

#include <algorithm>

namespace localmamba::server {

BatchDecision BatchPolicy::Decide(const QueueSnapshot& queue, const CostTable& costs,
                                  absl::Time now) const {
  BatchDecision decision;
  for (size_t i = 0; i < queue.buckets.size(); ++i) {
    const BucketSnapshot& bucket = queue.buckets[i];
    const BatchDecision of_bucket = DecideFor(bucket, queue, costs, now);
    if (of_bucket.launch == 0) {
      decision.wake = std::min(decision.wake, of_bucket.wake);
    } else if (decision.launch == 0 ||
               bucket.first_turn < queue.buckets[decision.bucket].first_turn) {
      decision.launch = of_bucket.launch;
      decision.bucket = i;
    }
  }
  return decision;
}

}  // namespace localmamba::server
