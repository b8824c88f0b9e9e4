#include "server/batching/classic_policy.h"

#include <algorithm>

namespace localmamba::server {

BatchDecision ClassicPolicy::DecideFor(const BucketSnapshot& bucket, const QueueSnapshot& /*queue*/,
                                       const CostTable& /*costs*/, absl::Time now) const {
  const absl::Time due = bucket.oldest_arrival + options_.max_queue_delay;
  if (bucket.images >= options_.max_batch_size) return {.launch = options_.max_batch_size};
  if (now >= due) return {.launch = bucket.images};
  const auto above = std::upper_bound(options_.preferred_batch_sizes.begin(),
                                      options_.preferred_batch_sizes.end(), bucket.images);
  if (above != options_.preferred_batch_sizes.begin()) return {.launch = *std::prev(above)};
  return {.launch = 0, .bucket = 0, .wake = due};
}

}  // namespace localmamba::server
