// A data set that a tiny network learns in seconds, without files.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TINY_TRAINING_H_
#define LOCALMAMBA_TESTS_SUPPORT_TINY_TRAINING_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/base/counter_random.h"
#include "model/data/batch_source.h"
#include "model/networks/network_config.h"
#include "model/training/evaluation.h"
#include "model/weights/host_tensor.h"

namespace localmamba {

inline constexpr int64_t kTinyClasses = 4;
inline constexpr int64_t kTinySide = 16;

// Class c has a bright quarter of the image, c = 0 to 3, in noise. Image `index` is a function of
// its index alone.
inline void DrawTinyImage(int64_t index, float* image) {
  const CounterRandom random = CounterRandom(1, "tiny").Child(static_cast<uint64_t>(index));
  const int64_t label = index % kTinyClasses;
  for (int64_t i = 0; i < 3 * kTinySide * kTinySide; ++i) {
    const int64_t x = i % kTinySide;
    const int64_t y = i / kTinySide % kTinySide;
    const int64_t quarter = y / (kTinySide / 2) * 2 + x / (kTinySide / 2);
    image[i] = static_cast<float>(0.5 * random.Normal(static_cast<uint64_t>(i)) +
                                  (quarter == label ? 1.0 : 0.0));
  }
}

inline Tensor TinyImages(int64_t first, int64_t count) {
  Tensor images = *AllocateHostTensor(DType::kFloat32, {count, 3, kTinySide, kTinySide});
  for (int64_t i = 0; i < count; ++i) {
    DrawTinyImage(first + i, images.data<float>() + i * 3 * kTinySide * kTinySide);
  }
  return images;
}

// Batches of new images without end.
class TinySource final : public BatchSource {
 public:
  TinySource(int64_t batch_size, int64_t steps_per_epoch, int64_t first_step)
      : batch_size_(batch_size), steps_per_epoch_(steps_per_epoch), step_(first_step) {}

  absl::StatusOr<TrainingBatch> Next() override {
    const int64_t first = step_++ * batch_size_;
    TrainingBatch batch;
    batch.images = TinyImages(first, batch_size_);
    batch.targets = *AllocateHostTensor(DType::kFloat32, {batch_size_, kTinyClasses});
    for (int64_t i = 0; i < batch.targets.elements(); ++i) {
      const bool is_label = (first + i / kTinyClasses) % kTinyClasses == i % kTinyClasses;
      batch.targets.data<float>()[i] = is_label ? 1.0F : 0.0F;
    }
    return batch;
  }
  [[nodiscard]] int64_t steps_per_epoch() const override { return steps_per_epoch_; }

 private:
  const int64_t batch_size_;
  const int64_t steps_per_epoch_;
  int64_t step_;
};

// `count` images that no TinySource has had.
inline EvaluationBatches TinyValidation(int64_t count) {
  return [count, done = false]() mutable -> absl::StatusOr<std::optional<EvaluationBatch>> {
    if (std::exchange(done, true)) return std::nullopt;
    constexpr int64_t kFirst = 1'000'000'000;
    EvaluationBatch batch{.images = TinyImages(kFirst, count)};
    for (int64_t i = 0; i < count; ++i) batch.labels.push_back((kFirst + i) % kTinyClasses);
    return batch;
  };
}

inline LocalVimConfig TinyLocalVim() {
  LocalVimConfig config;
  config.image_height = kTinySide;
  config.image_width = kTinySide;
  config.patch_size = 4;
  config.embed_dim = 16;
  config.num_classes = kTinyClasses;
  config.scan.d_state = 4;
  const LayerDirections directions = OfficialCandidates();
  config.scan.directions = {{directions[0], directions[2]}, {directions[1], directions[4]}};
  return config;
}

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_TINY_TRAINING_H_
