// What a run leaves behind: a model of one version, ready for a repository, with its metrics.
#ifndef LOCALMAMBA_TRAINER_RESULT_H_
#define LOCALMAMBA_TRAINER_RESULT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"
#include "trainer/phase.h"

namespace localmamba::trainer {

// What was found for the layers of a model, and what it was found by.
struct SearchOutcome {
  PhaseResult phase;
  ScanSearch search;
};

struct RunOutcome {
  ModelSpec model;  // with its number of classes and its directions
  TrainingSettings settings;
  std::optional<SearchOutcome> search;
  // Absent: the network was not trained, but only found.
  std::optional<PhaseResult> training;
  DType weights_dtype = DType::kFloat32;
};

// The text of metrics.json: accuracy, losses by epoch, time, memory, parameters, multiplications,
// settings and seed. Errors: those of CountComplexity.
absl::StatusOr<std::string> FormatMetrics(const RunOutcome& outcome, const PhaseContext& context);

// Writes <output>/result/model.json and <output>/result/1/, in place of what was there, and before
// them, after a search, <output>/search/probabilities.json. weights: of the model, by parameter
// name. Returns the result's folder. Errors: those of AssignWeights, AtomicFile and WriteModel.
absl::StatusOr<std::string> WriteResult(const RunOutcome& outcome, const NamedTensors& weights,
                                        const PhaseContext& context);

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_RESULT_H_
