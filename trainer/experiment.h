// The runs that an experiment is made of.
#ifndef LOCALMAMBA_TRAINER_EXPERIMENT_H_
#define LOCALMAMBA_TRAINER_EXPERIMENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "localmamba/v1/experiment.pb.h"
#include "server/training_run/training_run.h"

namespace localmamba::trainer {

// What the runs of a variant have that those of others have not: its components, as text that is
// equal if they are.
struct Variant {
  std::string name;
  std::string directions;  // "base", "random", "search", or the fixed ones: "h h_flip"
  std::string attention;   // "none", "channel" or "channel_spatial"
};

struct PlannedRun {
  size_t variant = 0;  // index
  int64_t seed = 0;
  std::optional<int64_t> list_seed;  // of random directions
  // Below that of the experiment: "runs/NAME/seed-1", "runs/NAME/list-2-seed-1".
  std::string folder;
  v1::TrainingRun proto;
  TrainingRun run;  // the same, valid
};

struct ExperimentPlan {
  std::vector<Variant> variants;  // the others are compared with the first
  std::vector<PlannedRun> runs;   // seed by seed, so that the first ones compare all variants
};

// Errors: INVALID_ARGUMENT naming the field, what was found and what was wanted, for anything that
// can be checked without the data.
absl::StatusOr<ExperimentPlan> PlanExperiment(const v1::Experiment& experiment);

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_EXPERIMENT_H_
