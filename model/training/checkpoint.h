// The state of a training run on disk: everything that going on from it needs, so that a resumed
// run computes what an uninterrupted one would have.
//
// One safetensors file per checkpoint. Tensors, all float32, are named PART/PARAMETER, where PART
// is "parameter", "exp_avg" and "exp_avg_sq" (the moments of AdamW) or "ema"; the metadata entry
// "checkpoint" is a JSON object with the rest. Random numbers need no state: they are functions of
// the seed and the step.
#ifndef LOCALMAMBA_MODEL_TRAINING_CHECKPOINT_H_
#define LOCALMAMBA_MODEL_TRAINING_CHECKPOINT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/search/direction_probabilities.h"
#include "model/training/loss_scaler.h"
#include "model/weights/host_tensor.h"
#include "nlohmann/json.hpp"

namespace localmamba {

// How one epoch of a run went.
struct EpochResult {
  int64_t epoch = 0;  // counted from 1
  double train_loss = 0;
  // Of the validation part, if this epoch was evaluated.
  std::optional<double> validation_loss;
  std::optional<double> top1;  // 0 to 1
  std::optional<double> top5;
  double seconds = 0;
  std::vector<DirectionProbabilities> directions;  // one per layer of a supernet, at the end
};

// What a checkpoint says besides its tensors.
struct TrainingProgress {
  int64_t step = 0;    // optimiser steps done
  double seconds = 0;  // that training took so far, over all attempts
  LossScalerState scaler;
  // Of the steps of the epoch that is under way.
  double epoch_loss_sum = 0;
  int64_t epoch_steps = 0;
  int64_t epoch_finite_steps = 0;  // that count for epoch_loss_sum: not those skipped
  double epoch_seconds = 0;
  std::vector<EpochResult> epochs;  // those that are finished
};

// What a run must have in common with the checkpoint that it goes on from.
struct RunIdentity {
  // Architecture, data and recipe; any JSON object.
  nlohmann::json settings;
  std::vector<std::string> class_names;
};

struct Checkpoint {
  RunIdentity run;
  TrainingProgress progress;
  NamedTensors tensors;
};

// Errors: those of WriteSafetensors, naming the path. A file that was there stays as it was then.
absl::Status WriteCheckpoint(const std::string& path, const Checkpoint& checkpoint);

// Tensors share a mapping of the file. Errors: INVALID_ARGUMENT naming the path if it is not
// complete or not a checkpoint; those of ReadSafetensors.
absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path);

// OK if a run of identity `wanted` may go on from a checkpoint of identity `found`. Errors:
// FAILED_PRECONDITION naming the settings or class names that differ, what was found and what was
// wanted.
absl::Status CheckSameRun(const RunIdentity& found, const RunIdentity& wanted);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_CHECKPOINT_H_
