#include "server/training_run/recipe_proto.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace localmamba {
namespace {

constexpr char kAutoDType[] = "auto";

// Each of these takes a field of the message over if it is set, and sets it on the way back; so
// both directions are one list of fields per message.
#define LM_READ(field) \
  if (proto.has_##field()) config.field = proto.field()
#define LM_WRITE(field) proto->set_##field(static_cast<decltype(proto->field())>(config.field))

#define LM_OPTIMIZER_FIELDS(apply) \
  apply(learning_rate);            \
  apply(beta1);                    \
  apply(beta2);                    \
  apply(epsilon);                  \
  apply(weight_decay);             \
  apply(clip_norm)

#define LM_SCHEDULE_FIELDS(apply) \
  apply(warmup_epochs);           \
  apply(warmup_learning_rate);    \
  apply(final_learning_rate)

#define LM_CHECKPOINT_FIELDS(apply) \
  apply(every_steps);               \
  apply(keep_last);                 \
  apply(keep_best)

#define LM_AUGMENTATION_FIELDS(apply) \
  apply(min_crop_area);               \
  apply(max_crop_area);               \
  apply(min_crop_ratio);              \
  apply(max_crop_ratio);              \
  apply(crop_padding);                \
  apply(flip);                        \
  apply(rand_augment_operations);     \
  apply(rand_augment_magnitude);      \
  apply(rand_augment_deviation);      \
  apply(rand_augment_probability);    \
  apply(color_jitter);                \
  apply(random_erasing);              \
  apply(mixup_alpha);                 \
  apply(cutmix_alpha);                \
  apply(mix_probability);             \
  apply(cutmix_probability)

#define LM_RECIPE_FIELDS(apply) \
  apply(epochs);                \
  apply(batch_size);            \
  apply(accumulation_steps);    \
  apply(label_smoothing);       \
  apply(drop_path);             \
  apply(ema_decay);             \
  apply(seed);                  \
  apply(evaluate_every)

void Read(const v1::Optimizer& proto, OptimizerConfig& config) { LM_OPTIMIZER_FIELDS(LM_READ); }
void Write(const OptimizerConfig& config, v1::Optimizer* proto) { LM_OPTIMIZER_FIELDS(LM_WRITE); }

void Read(const v1::Schedule& proto, ScheduleConfig& config) {
  LM_SCHEDULE_FIELDS(LM_READ);
  config.staircase_warmup = proto.staircase_warmup();
}
void Write(const ScheduleConfig& config, v1::Schedule* proto) {
  LM_SCHEDULE_FIELDS(LM_WRITE);
  LM_WRITE(staircase_warmup);
}

void Read(const v1::Checkpoints& proto, CheckpointConfig& config) { LM_CHECKPOINT_FIELDS(LM_READ); }
void Write(const CheckpointConfig& config, v1::Checkpoints* proto) {
  LM_CHECKPOINT_FIELDS(LM_WRITE);
}

void Read(const v1::Augmentation& proto, AugmentationConfig& config) {
  LM_AUGMENTATION_FIELDS(LM_READ);
}
void Write(const AugmentationConfig& config, v1::Augmentation* proto) {
  LM_AUGMENTATION_FIELDS(LM_WRITE);
}

}  // namespace

absl::StatusOr<TrainingSettings> RecipeFromProto(const v1::Recipe& proto) {
  TrainingSettings settings;
  Recipe& config = settings.recipe;
  LM_RECIPE_FIELDS(LM_READ);
  config.checkpoint_activations = proto.checkpoint_activations();
  if (!proto.dtype().empty() && proto.dtype() != kAutoDType) {
    const absl::StatusOr<DType> dtype = ParseDType(proto.dtype());
    if (!dtype.ok() || !IsFloat(*dtype)) {
      return absl::InvalidArgumentError(
          absl::StrCat("dtype is \"", proto.dtype(), "\", wanted f32, f16, bf16 or auto"));
    }
    config.dtype = *dtype;
  }
  Read(proto.optimizer(), config.optimizer);
  Read(proto.schedule(), config.schedule);
  if (!proto.schedule().has_warmup_epochs()) {
    double& warmup = config.schedule.warmup_epochs;
    warmup = std::min(warmup, static_cast<double>(config.epochs) / 2);
  }
  Read(proto.checkpoints(), config.checkpoints);
  Read(proto.augmentation(), settings.augmentation);
  return settings;
}

v1::Recipe RecipeToProto(const TrainingSettings& settings) {
  v1::Recipe result;
  v1::Recipe* proto = &result;
  const Recipe& config = settings.recipe;
  LM_RECIPE_FIELDS(LM_WRITE);
  LM_WRITE(checkpoint_activations);
  proto->set_dtype(config.dtype.has_value() ? std::string(ToString(*config.dtype)) : kAutoDType);
  Write(config.optimizer, proto->mutable_optimizer());
  Write(config.schedule, proto->mutable_schedule());
  Write(config.checkpoints, proto->mutable_checkpoints());
  Write(settings.augmentation, proto->mutable_augmentation());
  return result;
}

#undef LM_READ
#undef LM_WRITE
#undef LM_OPTIMIZER_FIELDS
#undef LM_SCHEDULE_FIELDS
#undef LM_CHECKPOINT_FIELDS
#undef LM_AUGMENTATION_FIELDS
#undef LM_RECIPE_FIELDS

}  // namespace localmamba
