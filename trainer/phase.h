// One phase of a run: the search of directions, or the training of the network that is published.
#ifndef LOCALMAMBA_TRAINER_PHASE_H_
#define LOCALMAMBA_TRAINER_PHASE_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "localmamba/v1/trainer_event.pb.h"
#include "model/training/trainer.h"
#include "server/training_run/training_run.h"
#include "trainer/event_stream.h"
#include "trainer/image_source.h"
#include "trainer/progress_display.h"

namespace localmamba::trainer {

// What all phases of a run share. References outlive it.
struct PhaseContext {
  std::string output;  // folder of the run
  Device device;
  int cpu_threads = 0;
  const ImageSource& images;
  EventStream& events;
  ProgressDisplay& display;
  const std::atomic<bool>& stop;
};

struct PhaseSpec {
  v1::Phase phase = v1::PHASE_TRAIN;
  ModelSpec model;
  TrainingSettings settings;
  int64_t directions_per_layer = 0;  // of a search
  std::string initial_weights;       // path; "": none
};

struct PhaseResult {
  bool stopped = false;    // then only `checkpoint` and progress count
  std::string checkpoint;  // the last one
  TrainingProgress progress;
  NamedTensors weights;
  std::vector<DirectionProbabilities> directions;
  int64_t peak_memory_bytes = 0;
  int64_t unreadable_images = 0;
};

// Path of the newest complete checkpoint of the phase; "" if there is none. Errors: those of
// CheckpointFolder.
absl::StatusOr<std::string> NewestCheckpoint(v1::Phase phase, const PhaseContext& context);

// Goes on from the checkpoints in <output>/<phase>/checkpoints, if there are any, and writes event
// files for TensorBoard to <output>/<phase>/events. Errors: those of Trainer.
absl::StatusOr<PhaseResult> RunPhase(const PhaseSpec& spec, const PhaseContext& context);

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_PHASE_H_
