#include "model/data/synthetic_loader.h"

#include <algorithm>
#include <utility>

#include "kernels/base/counter_random.h"
#include "kernels/base/status_macros.h"
#include "model/data/check_option.h"

namespace localmamba {

absl::StatusOr<std::unique_ptr<SyntheticLoader>> SyntheticLoader::Create(
    const SyntheticLoaderOptions& options, Allocator& host) {
  LM_RETURN_IF_ERROR(CheckAtLeast("batch_size", options.batch_size, 1));
  LM_RETURN_IF_ERROR(CheckAtLeast("height", options.height, 1));
  LM_RETURN_IF_ERROR(CheckAtLeast("width", options.width, 1));
  LM_RETURN_IF_ERROR(CheckAtLeast("classes", options.classes, 1));
  LM_RETURN_IF_ERROR(CheckAtLeast("steps_per_epoch", options.steps_per_epoch, 1));
  const int64_t B = options.batch_size;
  TrainingBatch batch;
  LM_ASSIGN_OR_RETURN(
      batch.images, Tensor::Allocate(host, DType::kFloat32, {B, 3, options.height, options.width}));
  LM_ASSIGN_OR_RETURN(batch.targets, Tensor::Allocate(host, DType::kFloat32, {B, options.classes}));
  const CounterRandom pixels(options.seed, "synthetic images");
  for (int64_t i = 0; i < batch.images.elements(); ++i) {
    batch.images.data<float>()[i] = static_cast<float>(pixels.Normal(static_cast<uint64_t>(i)));
  }
  const CounterRandom labels(options.seed, "synthetic labels");
  std::fill_n(batch.targets.data<float>(), batch.targets.elements(), 0.0F);
  for (int64_t i = 0; i < B; ++i) {
    const auto label = static_cast<int64_t>(labels.Uniform(static_cast<uint64_t>(i)) *
                                            static_cast<double>(options.classes));
    batch.targets.data<float>()[i * options.classes + label] = 1.0F;
  }
  return std::unique_ptr<SyntheticLoader>(
      new SyntheticLoader(std::move(batch), options.steps_per_epoch));
}

}  // namespace localmamba
