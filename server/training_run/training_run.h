// A training or search run in plain C++ (localmamba.v1.TrainingRun on disk and in requests): what
// the trainer and the job service both read.
#ifndef LOCALMAMBA_SERVER_TRAINING_RUN_TRAINING_RUN_H_
#define LOCALMAMBA_SERVER_TRAINING_RUN_TRAINING_RUN_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "kernels/tensor/dtype.h"
#include "model/data/augmentation.h"
#include "model/data/dataset.h"
#include "model/search/supernet.h"
#include "model/training/recipe.h"
#include "server/repository/model_spec.h"

namespace localmamba {

// A localmamba.v1.Recipe: how to learn, and how images are varied for it.
struct TrainingSettings {
  Recipe recipe;
  AugmentationConfig augmentation;
};

struct ScanSearch {
  SearchConfig search;
  TrainingSettings settings;  // of the supernet
  bool retrain = true;        // the found network
};

struct TrainingRun {
  // With `search` its layers have directions that do not matter.
  ModelSpec model;
  bool classes_from_data = false;  // num_classes was not given
  DatasetConfig data;
  TrainingSettings settings;
  std::optional<ScanSearch> search;
  std::string initial_weights;             // path; "": none
  DType weights_dtype = DType::kFloat32;  // of the result: f32, f16 or bf16
};

// Checks all that can be checked without the data. Errors: INVALID_ARGUMENT naming the field (as a
// path in the message, e.g. recipe.optimizer.beta1), what was found and what was wanted.
absl::Status Validate(const TrainingRun& run);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_TRAINING_RUN_TRAINING_RUN_H_
