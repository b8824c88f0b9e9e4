// Does what a TrainingRun says: search, train, write the result.
#ifndef LOCALMAMBA_TRAINER_RUN_H_
#define LOCALMAMBA_TRAINER_RUN_H_

#include <atomic>
#include <string>

#include "absl/status/statusor.h"
#include "kernels/device/device.h"
#include "server/training_run/training_run.h"
#include "trainer/event_stream.h"
#include "trainer/progress_display.h"

namespace localmamba::trainer {

struct RunOptions {
  std::string output;  // folder; made if need be. A run in it is gone on with.
  Device device = Device::Cpu();
  int threads = 0;  // that compute on the CPU and that prepare images; 0: all there are
};

enum class RunEnd { kFinished, kStopped };

// Sends all events but RunFailed. Stops after a checkpoint once `stop` is true. Errors:
// INVALID_ARGUMENT or NOT_FOUND for data or weights that cannot be used; FAILED_PRECONDITION for
// checkpoints of another run or a folder that another trainer has; ABORTED if training diverged; those of the device and of files.
absl::StatusOr<RunEnd> Execute(TrainingRun run, const RunOptions& options, EventStream& events,
                               ProgressDisplay& display, const std::atomic<bool>& stop);

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_RUN_H_
