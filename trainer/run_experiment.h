// Does the runs of an experiment one after the other.
#ifndef LOCALMAMBA_TRAINER_RUN_EXPERIMENT_H_
#define LOCALMAMBA_TRAINER_RUN_EXPERIMENT_H_

#include <atomic>
#include <cstdio>

#include "absl/status/statusor.h"
#include "trainer/experiment.h"
#include "trainer/progress_display.h"
#include "trainer/run.h"

namespace localmamba::trainer {

// Each run has a folder in `options.output` with its run.json and what Execute leaves there; beside
// them is report.json, written anew whenever a run has ended. Runs that are finished already are
// not repeated. The table goes to `table` at the end.
//
// A run that diverges does not keep the others from theirs; the report says so. Errors: ABORTED
// naming such runs, when all have ended; FAILED_PRECONDITION if a folder has another run;
// those of Execute, naming the run.
absl::StatusOr<RunEnd> RunExperiment(const ExperimentPlan& plan, const RunOptions& options,
                                     std::FILE* table, ProgressDisplay& display,
                                     const std::atomic<bool>& stop);

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_RUN_EXPERIMENT_H_
