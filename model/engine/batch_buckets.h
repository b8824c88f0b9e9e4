// The batch sizes that runs are rounded up to, so that few shapes exist.
#ifndef LOCALMAMBA_MODEL_ENGINE_BATCH_BUCKETS_H_
#define LOCALMAMBA_MODEL_ENGINE_BATCH_BUCKETS_H_

#include <cstdint>
#include <vector>

namespace localmamba {

// The smallest bucket, a number of the form 2^k or 3 * 2^k, that holds `batch` (1 or more) images.
inline int64_t BatchBucketFor(int64_t batch) {
  int64_t power = 1;
  while (power < batch) power *= 2;
  return power >= 4 && power / 4 * 3 >= batch ? power / 4 * 3 : power;
}

// Every bucket that batches of 1 to `max_batch` images use, largest first.
inline std::vector<int64_t> BatchBuckets(int64_t max_batch) {
  std::vector<int64_t> buckets;
  for (int64_t batch = max_batch; batch >= 1; --batch) {
    const int64_t bucket = BatchBucketFor(batch);
    if (buckets.empty() || buckets.back() != bucket) buckets.push_back(bucket);
  }
  return buckets;
}

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_BATCH_BUCKETS_H_
