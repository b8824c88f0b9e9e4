#include "server/metrics/inference_statistics.h"

#include <algorithm>

namespace localmamba::server {

void InferenceStatistics::CountSuccess(const RequestDurations& durations, size_t images,
                                       absl::Time now) {
  const MutexLock lock(mu_);
  totals_.last_request = std::max(totals_.last_request, now);
  totals_.images += images;
  totals_.input.Add(durations.input);
  totals_.queue.Add(durations.queue);
  totals_.infer.Add(durations.infer);
  totals_.output.Add(durations.output);
  totals_.success.Add(durations.total);
}

void InferenceStatistics::CountFailure(absl::Duration total, absl::Time now) {
  const MutexLock lock(mu_);
  totals_.last_request = std::max(totals_.last_request, now);
  totals_.fail.Add(total);
}

void InferenceStatistics::CountBatch(size_t images, absl::Duration infer) {
  const MutexLock lock(mu_);
  ++totals_.batches;
  totals_.infer_by_batch_size[images].Add(infer);
}

InferenceStatistics::Totals InferenceStatistics::totals() const {
  const MutexLock lock(mu_);
  return totals_;
}

}  // namespace localmamba::server
