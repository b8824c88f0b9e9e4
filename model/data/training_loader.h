// Batches of augmented images for training.
#ifndef LOCALMAMBA_MODEL_DATA_TRAINING_LOADER_H_
#define LOCALMAMBA_MODEL_DATA_TRAINING_LOADER_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "kernels/image/normalize_pixels.h"
#include "model/data/augmentation.h"
#include "model/data/batch_source.h"
#include "model/data/image_store.h"

namespace localmamba {

struct TrainingLoaderOptions {
  int64_t batch_size = 128;  // of all replicas together
  int64_t height = 224;      // of the network's input
  int64_t width = 224;
  PixelNormalization normalization;
  AugmentationConfig augmentation;
  double label_smoothing = 0.1;
  double max_unreadable_share = 0.01;  // of the data; above it Next fails
  uint64_t seed = 42;
  int64_t first_step = 0;  // which batch comes first: the steps that a resumed run has done
  // The consecutive share of each batch that this loader is for. Images are mixed within it.
  int64_t replica = 0;
  int64_t replicas = 1;  // divides batch_size
  int threads = 1;       // that decode and augment; at least 1
  int prefetch = 2;      // batches in work or ready, at least 1
};

// Errors: INVALID_ARGUMENT naming the first field that is out of range; a share of the batch that
// is mixed is even.
absl::Status Validate(const TrainingLoaderOptions& options);

// Every epoch takes the images in an order of its own and drops the last, incomplete batch. The
// batch of a step is a function of the images, the options before `first_step` and the share: the
// number of threads and where the loader started do not matter. In place of an unreadable image
// comes the next readable one of the data, with its label.
//
// Stops as soon as the images in work are done when it is destroyed.
class TrainingLoader final : public BatchSource {
 public:
  // Batches lie in memory from `host`, which outlives them and the loader (see
  // CreateHostAllocator).
  // Errors: those of Validate; INVALID_ARGUMENT if there are fewer images than a batch has.
  static absl::StatusOr<std::unique_ptr<TrainingLoader>> Create(
      std::shared_ptr<ImageStore> images, const TrainingLoaderOptions& options, Allocator& host);
  ~TrainingLoader() override;

  // Errors: INVALID_ARGUMENT if more images are unreadable than allowed, naming one and why;
  //         RESOURCE_EXHAUSTED if there is no memory.
  absl::StatusOr<TrainingBatch> Next() override;

  [[nodiscard]] int64_t steps_per_epoch() const override;

 private:
  class Impl;
  explicit TrainingLoader(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_TRAINING_LOADER_H_
