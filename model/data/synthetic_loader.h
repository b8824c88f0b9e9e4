// Random images and labels, to measure training without data.
#ifndef LOCALMAMBA_MODEL_DATA_SYNTHETIC_LOADER_H_
#define LOCALMAMBA_MODEL_DATA_SYNTHETIC_LOADER_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "model/data/batch_source.h"

namespace localmamba {

struct SyntheticLoaderOptions {
  int64_t batch_size = 128;
  int64_t height = 224;
  int64_t width = 224;
  int64_t classes = 1000;
  int64_t steps_per_epoch = 1;
  uint64_t seed = 42;
};

// The same batch every time: normally distributed images, each of one random class.
class SyntheticLoader final : public BatchSource {
 public:
  // Errors: INVALID_ARGUMENT naming a field below 1; those of `host`, which outlives the batches.
  static absl::StatusOr<std::unique_ptr<SyntheticLoader>> Create(
      const SyntheticLoaderOptions& options, Allocator& host);

  absl::StatusOr<TrainingBatch> Next() override { return batch_; }
  [[nodiscard]] int64_t steps_per_epoch() const override { return steps_per_epoch_; }

 private:
  SyntheticLoader(TrainingBatch batch, int64_t steps_per_epoch)
      : batch_(std::move(batch)), steps_per_epoch_(steps_per_epoch) {}

  const TrainingBatch batch_;
  const int64_t steps_per_epoch_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_SYNTHETIC_LOADER_H_
