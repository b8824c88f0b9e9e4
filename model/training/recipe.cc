#include "model/training/recipe.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

constexpr int64_t kMaxEpochs = 1'000'000;
constexpr int64_t kMaxBatch = 1 << 20;
constexpr int64_t kMaxCheckpoints = 1000;

absl::Status CheckInteger(absl::string_view field, int64_t found, int64_t low, int64_t high) {
  if (low <= found && found <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", found, ", wanted ", low, " to ", high));
}

absl::Status Check(absl::string_view field, double found, bool good, absl::string_view wanted) {
  if (good && std::isfinite(found)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", found, ", wanted ", wanted));
}

absl::Status CheckBelowOne(absl::string_view field, double found) {
  return Check(field, found, found >= 0 && found < 1, "0 to below 1");
}

absl::Status CheckNotNegative(absl::string_view field, double found) {
  return Check(field, found, found >= 0, "a number from 0");
}

absl::Status ValidateOptimizer(const OptimizerConfig& config) {
  LM_RETURN_IF_ERROR(Check("optimizer.learning_rate", config.learning_rate,
                           config.learning_rate > 0, "a number above 0"));
  LM_RETURN_IF_ERROR(CheckBelowOne("optimizer.beta1", config.beta1));
  LM_RETURN_IF_ERROR(CheckBelowOne("optimizer.beta2", config.beta2));
  LM_RETURN_IF_ERROR(
      Check("optimizer.epsilon", config.epsilon, config.epsilon > 0, "a number above 0"));
  LM_RETURN_IF_ERROR(CheckNotNegative("optimizer.weight_decay", config.weight_decay));
  return CheckNotNegative("optimizer.clip_norm", config.clip_norm);
}

absl::Status ValidateSchedule(const ScheduleConfig& config, int64_t epochs) {
  LM_RETURN_IF_ERROR(
      Check("schedule.warmup_epochs", config.warmup_epochs,
            config.warmup_epochs >= 0 && config.warmup_epochs < static_cast<double>(epochs),
            absl::StrCat("0 to below epochs, which is ", epochs)));
  LM_RETURN_IF_ERROR(
      CheckNotNegative("schedule.warmup_learning_rate", config.warmup_learning_rate));
  return CheckNotNegative("schedule.final_learning_rate", config.final_learning_rate);
}

absl::Status ValidateCheckpoints(const CheckpointConfig& config) {
  LM_RETURN_IF_ERROR(CheckInteger("checkpoints.every_steps", config.every_steps, 0, INT64_MAX));
  LM_RETURN_IF_ERROR(CheckInteger("checkpoints.keep_last", config.keep_last, 1, kMaxCheckpoints));
  return CheckInteger("checkpoints.keep_best", config.keep_best, 0, kMaxCheckpoints);
}

}  // namespace

absl::Status Validate(const Recipe& recipe) {
  LM_RETURN_IF_ERROR(CheckInteger("epochs", recipe.epochs, 1, kMaxEpochs));
  LM_RETURN_IF_ERROR(CheckInteger("batch_size", recipe.batch_size, 1, kMaxBatch));
  LM_RETURN_IF_ERROR(
      CheckInteger("accumulation_steps", recipe.accumulation_steps, 1, recipe.batch_size));
  if (recipe.batch_size % recipe.accumulation_steps != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("accumulation_steps is ", recipe.accumulation_steps,
                     ", wanted a divisor of batch_size, which is ", recipe.batch_size));
  }
  LM_RETURN_IF_ERROR(ValidateOptimizer(recipe.optimizer));
  LM_RETURN_IF_ERROR(ValidateSchedule(recipe.schedule, recipe.epochs));
  LM_RETURN_IF_ERROR(CheckBelowOne("label_smoothing", recipe.label_smoothing));
  LM_RETURN_IF_ERROR(CheckBelowOne("drop_path", recipe.drop_path));
  LM_RETURN_IF_ERROR(CheckBelowOne("ema_decay", recipe.ema_decay));
  if (recipe.dtype.has_value() && !IsFloat(*recipe.dtype)) {
    return absl::InvalidArgumentError(
        absl::StrCat("dtype is ", ToString(*recipe.dtype), ", wanted f32, f16 or bf16"));
  }
  LM_RETURN_IF_ERROR(CheckInteger("seed", recipe.seed, 0, INT64_MAX));
  LM_RETURN_IF_ERROR(CheckInteger("evaluate_every", recipe.evaluate_every, 1, kMaxEpochs));
  return ValidateCheckpoints(recipe.checkpoints);
}

}  // namespace localmamba
