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

void InferenceStatistics::CountBatch(const BatchDurations& batch) {
  const auto requests = static_cast<double>(batch.requests);
  const absl::Duration copies = batch.copy_in + batch.copy_out;
  const MutexLock lock(mu_);
  ++totals_.batches;
  totals_.by_batch_size[batch.images].infer.Add(batch.infer - copies);
  totals_.by_batch_size[batch.images].input.Add(batch.copy_in);
  totals_.by_batch_size[batch.images].output.Add(batch.copy_out);
  totals_.input.duration += requests * batch.copy_in;
  totals_.infer.duration -= requests * copies;
  totals_.output.duration += requests * batch.copy_out;
}

InferenceStatistics::Totals InferenceStatistics::totals() const {
  const MutexLock lock(mu_);
  return totals_;
}

}  // namespace localmamba::server
