#include "trainer/image_source.h"

#include <algorithm>

#include "kernels/base/status_macros.h"
#include "model/data/evaluation_loader.h"
#include "model/data/training_loader.h"

namespace localmamba::trainer {
namespace {

// Batches in work or ready: enough that a slow image does not keep the device waiting.
constexpr int kPrefetch = 4;

}  // namespace

absl::StatusOr<std::unique_ptr<ImageSource>> ImageSource::Open(const DatasetConfig& config,
                                                               const PreprocessConfig& preprocess,
                                                               int threads) {
  LM_ASSIGN_OR_RETURN(Dataset data, OpenDataset(config));
  std::unique_ptr<ImageSource> source(
      new ImageSource(config, preprocess, threads, std::move(data)));
  const int64_t images = source->train_images() + source->validation_images();
  // Each part has the share of the memory that it has of the images.
  const auto share = [&](int64_t part) {
    return static_cast<int64_t>(static_cast<double>(config.cache_bytes) *
                                static_cast<double>(part) / static_cast<double>(images));
  };
  LM_ASSIGN_OR_RETURN(source->train_,
                      ImageStore::Create(source->data_.train,
                                         {.cache_bytes = share(source->train_images()),
                                          .wanted_short_side = std::max(preprocess.crop_height,
                                                                        preprocess.crop_width)}));
  LM_ASSIGN_OR_RETURN(source->validation_,
                      ImageStore::Create(source->data_.validation,
                                         {.cache_bytes = share(source->validation_images()),
                                          .wanted_short_side = preprocess.resize_short_side}));
  return source;
}

absl::StatusOr<std::unique_ptr<BatchSource>> ImageSource::OpenTraining(
    const TrainingSettings& settings, int64_t first_step, Allocator& host) const {
  const TrainingLoaderOptions options{.batch_size = settings.recipe.batch_size,
                                      .height = preprocess_.crop_height,
                                      .width = preprocess_.crop_width,
                                      .normalization = preprocess_.normalization,
                                      .augmentation = settings.augmentation,
                                      .label_smoothing = settings.recipe.label_smoothing,
                                      .max_unreadable_share = config_.max_unreadable_share,
                                      .seed = static_cast<uint64_t>(settings.recipe.seed),
                                      .first_step = first_step,
                                      .threads = threads_,
                                      .prefetch = kPrefetch};
  return TrainingLoader::Create(train_, options, host);
}

absl::StatusOr<EvaluationBatches> ImageSource::OpenValidation(int64_t batch_size,
                                                              Allocator& host) const {
  const EvaluationLoaderOptions options{.batch_size = batch_size,
                                        .preprocess = preprocess_,
                                        .max_unreadable_share = config_.max_unreadable_share,
                                        .threads = threads_,
                                        .prefetch = kPrefetch};
  LM_ASSIGN_OR_RETURN(std::shared_ptr<EvaluationLoader> loader,
                      EvaluationLoader::Create(validation_, options, host));
  return EvaluationBatches([loader = std::move(loader)] { return loader->Next(); });
}

}  // namespace localmamba::trainer
