// Between TrainingSettings and localmamba.v1.Recipe.
#ifndef LOCALMAMBA_SERVER_TRAINING_RUN_RECIPE_PROTO_H_
#define LOCALMAMBA_SERVER_TRAINING_RUN_RECIPE_PROTO_H_

#include "absl/status/statusor.h"
#include "localmamba/v1/training.pb.h"
#include "server/training_run/training_run.h"

namespace localmamba {

// Fills unset fields with their defaults and does not Validate. Errors: INVALID_ARGUMENT for an
// unknown dtype.
absl::StatusOr<TrainingSettings> RecipeFromProto(const v1::Recipe& proto);

// Sets every field.
v1::Recipe RecipeToProto(const TrainingSettings& settings);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_TRAINING_RUN_RECIPE_PROTO_H_
