// Batches of images, prepared as for serving, to evaluate a network on.
#ifndef LOCALMAMBA_MODEL_DATA_EVALUATION_LOADER_H_
#define LOCALMAMBA_MODEL_DATA_EVALUATION_LOADER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/tensor.h"
#include "model/data/image_store.h"
#include "model/vision/preprocess_config.h"

namespace localmamba {

// Dense, in memory of the host that is used again once the last Tensor that shares it is gone.
struct EvaluationBatch {
  Tensor images;  // (B, 3, crop_height, crop_width), float32, normalised
  std::vector<int64_t> labels;
  int64_t unreadable = 0;  // images left out so far
};

struct EvaluationLoaderOptions {
  int64_t batch_size = 128;
  PreprocessConfig preprocess;
  double max_unreadable_share = 0.01;  // of the data; above it Next fails
  int threads = 1;                     // at least 1
  int prefetch = 2;                    // batches in work or ready, at least 1
};

// Errors: INVALID_ARGUMENT naming the first field that is out of range.
absl::Status Validate(const EvaluationLoaderOptions& options);

// Goes through the images once, in order. The last batch is smaller if the batch size does not
// divide their number; so is one with an unreadable image, which is left out.
//
// Stops as soon as the images in work are done when it is destroyed. Used by one thread at a time.
class EvaluationLoader {
 public:
  // Batches lie in memory from `host`, which outlives them and the loader.
  // Errors: those of Validate.
  static absl::StatusOr<std::unique_ptr<EvaluationLoader>> Create(
      std::shared_ptr<ImageStore> images, const EvaluationLoaderOptions& options, Allocator& host);
  ~EvaluationLoader();

  // The next batch, or none after the last. Waits for it. After an error every call returns that
  // error.
  // Errors: as of TrainingLoader::Next.
  absl::StatusOr<std::optional<EvaluationBatch>> Next();

 private:
  class Impl;
  explicit EvaluationLoader(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_EVALUATION_LOADER_H_
