#include "model/training/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace localmamba {

LearningRate::LearningRate(const Recipe& recipe, int64_t steps_per_epoch)
    : peak_(recipe.optimizer.learning_rate),
      schedule_(recipe.schedule),
      steps_per_epoch_(steps_per_epoch),
      warmup_steps_(
          std::llround(recipe.schedule.warmup_epochs * static_cast<double>(steps_per_epoch))),
      total_steps_(recipe.epochs * steps_per_epoch) {}

double LearningRate::At(int64_t step) const {
  return warmup_steps_ > 0 && step <= warmup_steps_ ? WarmUp(step) : Cosine(step);
}

double LearningRate::WarmUp(int64_t step) const {
  const int64_t reached =
      schedule_.staircase_warmup ? step / steps_per_epoch_ * steps_per_epoch_ : step;
  return schedule_.warmup_learning_rate + (peak_ - schedule_.warmup_learning_rate) *
                                              static_cast<double>(reached) /
                                              static_cast<double>(warmup_steps_);
}

double LearningRate::Cosine(int64_t step) const {
  // A warm-up that rounds to the whole run leaves one step for the cosine.
  const auto length = static_cast<double>(std::max<int64_t>(total_steps_ - warmup_steps_, 1));
  const auto reached = static_cast<double>(std::max<int64_t>(step - warmup_steps_ - 1, 0));
  const double height = (1 + std::cos(std::numbers::pi * reached / length)) / 2;
  return schedule_.final_learning_rate + (peak_ - schedule_.final_learning_rate) * height;
}

}  // namespace localmamba
