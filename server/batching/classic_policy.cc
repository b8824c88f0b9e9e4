#include "server/batching/classic_policy.h"

#include <algorithm>

namespace localmamba::server {

size_t ClassicPolicy::LaunchOf(const BucketSnapshot& bucket, absl::Time now) const {
  if (bucket.images >= options_.max_batch_size) return options_.max_batch_size;
  if (now >= DueTime(bucket)) return bucket.images;
  const auto above = std::upper_bound(options_.preferred_batch_sizes.begin(),
                                      options_.preferred_batch_sizes.end(), bucket.images);
  return above == options_.preferred_batch_sizes.begin() ? 0 : *std::prev(above);
}

BatchDecision ClassicPolicy::Decide(const QueueSnapshot& queue, const CostTable& /*costs*/,
                                    absl::Time now) const {
  const std::vector<BucketSnapshot>& buckets = queue.buckets;
  BatchDecision decision;
  for (size_t i = 0; i < buckets.size(); ++i) {
    const size_t launch = LaunchOf(buckets[i], now);
    if (launch == 0) {
      decision.wake = std::min(decision.wake, DueTime(buckets[i]));
    } else if (decision.launch == 0 ||
               buckets[i].first_turn < buckets[decision.bucket].first_turn) {
      decision.launch = launch;
      decision.bucket = i;
    }
  }
  return decision;
}

}  // namespace localmamba::server
