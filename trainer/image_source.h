// The images of a run, as batches for training and for validation.
#ifndef LOCALMAMBA_TRAINER_IMAGE_SOURCE_H_
#define LOCALMAMBA_TRAINER_IMAGE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "model/data/batch_source.h"
#include "model/data/dataset.h"
#include "model/data/image_store.h"
#include "model/training/evaluation.h"
#include "model/vision/preprocess_config.h"
#include "server/training_run/training_run.h"

namespace localmamba::trainer {

// Decoded images are kept from one epoch, phase and use to the next.
class ImageSource {
 public:
  // threads: that decode and augment. Errors: those of OpenDataset.
  static absl::StatusOr<std::unique_ptr<ImageSource>> Open(const DatasetConfig& config,
                                                           const PreprocessConfig& preprocess,
                                                           int threads);

  [[nodiscard]] const std::vector<std::string>& classes() const { return data_.train->classes(); }
  [[nodiscard]] int64_t train_images() const { return data_.train->size(); }
  [[nodiscard]] int64_t validation_images() const { return data_.validation->size(); }

  // Batches from that of `first_step` on, in memory of `host`, which outlives them.
  // Errors: those of TrainingLoader::Create.
  [[nodiscard]] absl::StatusOr<std::unique_ptr<BatchSource>> OpenTraining(
      const TrainingSettings& settings, int64_t first_step, Allocator& host) const;

  // The validation part from its start. Errors: those of EvaluationLoader::Create.
  [[nodiscard]] absl::StatusOr<EvaluationBatches> OpenValidation(int64_t batch_size,
                                                                 Allocator& host) const;

 private:
  ImageSource(DatasetConfig config, const PreprocessConfig& preprocess, int threads, Dataset data)
      : config_(std::move(config)),
        preprocess_(preprocess),
        threads_(threads),
        data_(std::move(data)) {}

  const DatasetConfig config_;
  const PreprocessConfig preprocess_;
  const int threads_;
  const Dataset data_;
  std::shared_ptr<ImageStore> train_;
  std::shared_ptr<ImageStore> validation_;
};

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_IMAGE_SOURCE_H_
