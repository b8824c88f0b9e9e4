// How a network learns: everything about a run but its data and its architecture. Every field maps
// to a field of localmamba.v1.Recipe (docs/training.md).
#ifndef LOCALMAMBA_MODEL_TRAINING_RECIPE_H_
#define LOCALMAMBA_MODEL_TRAINING_RECIPE_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "kernels/tensor/dtype.h"

namespace localmamba {

// AdamW (Loshchilov and Hutter 2019).
struct OptimizerConfig {
  double learning_rate = 1e-3;  // peak of the schedule
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.04;  // of the parameters that decay (parameter_groups.h)
  double clip_norm = 0;        // global L2 norm that gradients are clipped to; 0: not clipped
};

// Warm-up, then a cosine (learning_rate.h).
struct ScheduleConfig {
  double warmup_epochs = 20;  // below epochs
  double warmup_learning_rate = 1e-7;
  double final_learning_rate = 1e-6;
  bool staircase_warmup = false;  // the rate changes between epochs of warm-up only
};

struct CheckpointConfig {
  int64_t every_steps = 0;  // besides those after each epoch; 0: none
  int64_t keep_last = 2;
  int64_t keep_best = 1;  // by top-1
};

struct Recipe {
  int64_t epochs = 300;
  int64_t batch_size = 128;
  int64_t accumulation_steps = 1;  // parts that a batch is computed in, one after the other
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  double label_smoothing = 0.1;
  // Probability to drop the branch of the last block for an image; grows linearly from 0 at the
  // first block.
  double drop_path = 0.1;
  double ema_decay = 0;        // 0: no moving average
  std::optional<DType> dtype;  // f32, f16 or bf16; none: f32 on a CPU, f16 on a GPU
  bool checkpoint_activations = false;
  int64_t seed = 42;           // from 0
  int64_t evaluate_every = 1;  // epochs
  CheckpointConfig checkpoints;
};

// Errors: INVALID_ARGUMENT naming the first field that is out of range (as in the message, e.g.
// optimizer.beta1), what was found and what was wanted.
absl::Status Validate(const Recipe& recipe);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_RECIPE_H_
