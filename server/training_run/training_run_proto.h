// Between TrainingRun and its message, and its JSON.
#ifndef LOCALMAMBA_SERVER_TRAINING_RUN_TRAINING_RUN_PROTO_H_
#define LOCALMAMBA_SERVER_TRAINING_RUN_TRAINING_RUN_PROTO_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "localmamba/v1/experiment.pb.h"
#include "localmamba/v1/training.pb.h"
#include "server/training_run/training_run.h"

namespace localmamba {

inline constexpr size_t kMaxTrainingRunBytes = size_t{1} << 20;

// Fills unset fields with their defaults and validates. Errors: INVALID_ARGUMENT naming the field,
// what was found and what was wanted.
absl::StatusOr<TrainingRun> TrainingRunFromProto(const v1::TrainingRun& proto);

// Proto3 JSON. `source` names the text in messages. Errors: INVALID_ARGUMENT naming source and
// field: no JSON, unknown or repeated field, value of another type.
absl::StatusOr<v1::TrainingRun> ParseTrainingRun(absl::string_view json, absl::string_view source);

// ParseTrainingRun on a file. Errors also: NOT_FOUND and the like if it cannot be read.
absl::StatusOr<v1::TrainingRun> ReadTrainingRun(const std::string& path);

// The same for a file with a Recipe, as in model/training/recipes.
absl::StatusOr<v1::Recipe> ReadRecipe(const std::string& path);

// The same for a file with an Experiment, as in model/training/experiments.
absl::StatusOr<v1::Experiment> ReadExperiment(const std::string& path);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_TRAINING_RUN_TRAINING_RUN_PROTO_H_
