// One batch of TrainingLoader while it is made.
#ifndef LOCALMAMBA_MODEL_DATA_TRAINING_WORK_H_
#define LOCALMAMBA_MODEL_DATA_TRAINING_WORK_H_

#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/base/counter_random.h"
#include "kernels/base/mutex.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor.h"
#include "model/data/image_store.h"
#include "model/data/mixing.h"
#include "model/data/training_loader.h"
#include "model/data/unreadable_images.h"

namespace localmamba {

// A Batch of OrderedPrefetcher. An image and its partner for mixing, the one as far from the end,
// are made by the same thread, one after the other, so that mixing needs no second pass.
class TrainingWork {
 public:
  struct Args {
    Tensor images;                 // (B, 3, H, W), float32
    Tensor targets;                // (B, classes), float32
    std::vector<int64_t> indices;  // [B], of the store's images
    Mixing mixing;
    CounterRandom random;  // row i draws from Child(i)
  };

  // `options` and `store` outlive it.
  TrainingWork(const TrainingLoaderOptions& options, ImageStore& store, Args args);

  [[nodiscard]] int64_t parts() const;
  absl::Status RunPart(int64_t part) ABSL_LOCKS_EXCLUDED(mu_);

  // When all parts are done:
  [[nodiscard]] const Tensor& images() const { return args_.images; }
  [[nodiscard]] const Tensor& targets() const { return args_.targets; }
  // In the order of rows, and of the images tried for each.
  [[nodiscard]] std::vector<UnreadableImage> Unreadable() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  [[nodiscard]] int64_t batch() const { return args_.images.dim(0); }
  [[nodiscard]] int64_t pairs() const { return (batch() + 1) / 2; }
  [[nodiscard]] int64_t PairsPerPart() const;

  absl::Status MakePair(int64_t row, Stream& stream);
  // Fills the row of `images` and returns the label.
  absl::StatusOr<int64_t> MakeImage(int64_t row, Stream& stream);

  struct LabelledImage {
    Tensor pixels;
    int64_t label = 0;
  };
  // The image of the row, or the next readable one.
  absl::StatusOr<LabelledImage> Load(int64_t row) ABSL_LOCKS_EXCLUDED(mu_);

  const TrainingLoaderOptions& options_;
  ImageStore& store_;
  const Args args_;
  mutable Mutex mu_;
  std::vector<std::vector<UnreadableImage>> unreadable_ ABSL_GUARDED_BY(mu_);  // by row
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_TRAINING_WORK_H_
