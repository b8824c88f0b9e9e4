// What a training run tells about itself while it runs.
#ifndef LOCALMAMBA_MODEL_TRAINING_TRAINING_OBSERVER_H_
#define LOCALMAMBA_MODEL_TRAINING_TRAINING_OBSERVER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "model/training/checkpoint.h"

namespace localmamba {

// About once a second.
struct ProgressReport {
  int64_t step = 0;  // optimiser steps done
  int64_t total_steps = 0;
  double epoch = 0;  // step / steps per epoch
  double loss = 0;   // mean since the report before
  double learning_rate = 0;
  double gradient_norm = 0;  // of the last step that was not skipped
  double images_per_second = 0;
  double seconds_left = 0;
  int64_t peak_memory_bytes = 0;
  int64_t skipped_steps = 0;      // gradients were not finite
  int64_t unreadable_images = 0;  // of the data so far
};

struct EpochReport {
  int64_t step = 0;
  int64_t unreadable_images = 0;  // of the data so far
  EpochResult result;
};

// Called by the thread that trains. An error ends the run with it.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;

  // An image that is skipped; why: the file and what is wrong with it. Once for each.
  virtual absl::Status OnUnreadableImage(const std::string& why) = 0;
  virtual absl::Status OnProgress(const ProgressReport& report) = 0;
  virtual absl::Status OnEpoch(const EpochReport& report) = 0;
  virtual absl::Status OnCheckpoint(const std::string& path, int64_t step) = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_TRAINING_OBSERVER_H_
