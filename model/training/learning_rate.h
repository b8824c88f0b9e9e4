// The learning rate of every optimiser step (reference §7.3).
//
// With S steps per epoch, W = warmup_epochs * S (to the nearest step), T = epochs * S, update
// number n = 0, 1, ...:
//
//   n <= W: from warmup_learning_rate to the peak, linear in n, or in floor(n / S) * S with
//           staircase_warmup, as in the official trainer: constant within an epoch;
//   n >  W: final + (peak - final) * (1 + cos(pi * (n - W - 1) / (T - W))) / 2.
//
// Without warm-up the first step has the peak.
#ifndef LOCALMAMBA_MODEL_TRAINING_LEARNING_RATE_H_
#define LOCALMAMBA_MODEL_TRAINING_LEARNING_RATE_H_

#include <cstdint>

#include "model/training/recipe.h"

namespace localmamba {

class LearningRate {
 public:
  // `recipe` is valid; steps_per_epoch is at least 1.
  LearningRate(const Recipe& recipe, int64_t steps_per_epoch);

  // Of update number `step`, counted from 0 over the whole run.
  [[nodiscard]] double At(int64_t step) const;

 private:
  [[nodiscard]] double WarmUp(int64_t step) const;
  [[nodiscard]] double Cosine(int64_t step) const;

  double peak_;
  ScheduleConfig schedule_;
  int64_t steps_per_epoch_;
  int64_t warmup_steps_;
  int64_t total_steps_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_LEARNING_RATE_H_
