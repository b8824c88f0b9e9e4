#include "server/batching/forecast.h"

#include <algorithm>

namespace localmamba::server {

void Occupy(std::vector<absl::Time>& engines_free, size_t images, size_t max_batch_size,
            const CostTable& costs, absl::Time now) {
  while (images > 0) {
    const size_t batch = std::min(images, max_batch_size);
    const auto first = std::min_element(engines_free.begin(), engines_free.end());
    *first = std::max(*first, now) + costs.CostOf(batch);
    images -= batch;
  }
}

absl::Duration BacklogTime(const QueueSnapshot& queue, size_t max_batch_size,
                           const CostTable& costs, absl::Time now) {
  std::vector<absl::Time> engines_free = queue.engines_free;
  for (const BucketSnapshot& bucket : queue.buckets) {
    Occupy(engines_free, bucket.images, max_batch_size, costs, now);
  }
  const absl::Time free = *std::min_element(engines_free.begin(), engines_free.end());
  return std::max(free - now, absl::ZeroDuration());
}

}  // namespace localmamba::server
