// What came out of an experiment, as report.json (docs/training.md describes it).
#ifndef LOCALMAMBA_TRAINER_EXPERIMENT_REPORT_H_
#define LOCALMAMBA_TRAINER_EXPERIMENT_REPORT_H_

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "trainer/experiment.h"

namespace localmamba::trainer {

// One run of the plan that has ended.
struct RunRecord {
  const PlannedRun* planned = nullptr;
  // Not empty: it diverged, and says how; then there is nothing below.
  std::string diverged;
  nlohmann::ordered_json metrics;                // its metrics.json
  nlohmann::ordered_json probabilities;          // its probabilities.json; null without a search
  std::vector<std::vector<std::string>> layers;  // its directions
};

// Of the runs that have ended so far. `planned` of the records are runs of `plan`.
//
//   variants: for each, mean and standard deviation over its runs of accuracy, loss, time, memory,
//     parameters and MACs, the difference to the first variant with its standard error; and of a
//     search entropy, margin, how often each direction was chosen and how well seeds agree
//   contributions: by how much top-1 changes from one choice of directions, or of attention, to
//     another, as the mean over all pairs of variants that differ in nothing else
//   runs: one entry each, with all of metrics.json and, of a search, probabilities.json
nlohmann::ordered_json MakeReport(const ExperimentPlan& plan,
                                  const std::vector<RunRecord>& records);

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_EXPERIMENT_REPORT_H_
