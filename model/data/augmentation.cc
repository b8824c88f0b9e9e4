#include "model/data/augmentation.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/data/check_option.h"

namespace localmamba {
namespace {

constexpr double kMinRatio = 0.01;
constexpr double kMaxRatio = 100;

// The Beta distribution is drawn by a rejection method that gets slow for extreme parameters; no
// recipe is near them.
absl::Status CheckAlpha(absl::string_view field, double value) {
  return CheckOption(field, value, value == 0 || (value >= 0.01 && value <= 100),
                     "0 or 0.01 to 100");
}

}  // namespace

AugmentationConfig AugmentationConfig::None() {
  return {.min_crop_area = 1,
          .flip = 0,
          .rand_augment_operations = 0,
          .color_jitter = 0,
          .random_erasing = 0,
          .mixup_alpha = 0,
          .cutmix_alpha = 0};
}

absl::Status Validate(const AugmentationConfig& config) {
  LM_RETURN_IF_ERROR(CheckOption("augmentation.min_crop_area", config.min_crop_area,
                                 config.min_crop_area > 0 && config.min_crop_area <= 1,
                                 "above 0 and at most 1"));
  LM_RETURN_IF_ERROR(CheckOption(
      "augmentation.max_crop_area", config.max_crop_area,
      config.max_crop_area >= config.min_crop_area && config.max_crop_area <= 1,
      absl::StrCat("augmentation.min_crop_area, which is ", config.min_crop_area, ", to 1")));
  LM_RETURN_IF_ERROR(CheckOption(
      "augmentation.min_crop_ratio", config.min_crop_ratio,
      config.min_crop_ratio >= kMinRatio && config.min_crop_ratio <= kMaxRatio, "0.01 to 100"));
  LM_RETURN_IF_ERROR(CheckOption(
      "augmentation.max_crop_ratio", config.max_crop_ratio,
      config.max_crop_ratio >= config.min_crop_ratio && config.max_crop_ratio <= kMaxRatio,
      absl::StrCat("augmentation.min_crop_ratio, which is ", config.min_crop_ratio, ", to 100")));
  LM_RETURN_IF_ERROR(CheckOption("augmentation.crop_padding", config.crop_padding,
                                 config.crop_padding >= 0 && config.crop_padding <= 4096,
                                 "0 to 4096"));
  LM_RETURN_IF_ERROR(CheckShare("augmentation.flip", config.flip));
  LM_RETURN_IF_ERROR(CheckOption(
      "augmentation.rand_augment_operations", config.rand_augment_operations,
      config.rand_augment_operations >= 0 && config.rand_augment_operations <= 16, "0 to 16"));
  LM_RETURN_IF_ERROR(CheckOption(
      "augmentation.rand_augment_magnitude", config.rand_augment_magnitude,
      config.rand_augment_magnitude >= 0 && config.rand_augment_magnitude <= 10, "0 to 10"));
  LM_RETURN_IF_ERROR(CheckOption(
      "augmentation.rand_augment_deviation", config.rand_augment_deviation,
      config.rand_augment_deviation >= 0 && config.rand_augment_deviation <= 10, "0 to 10"));
  LM_RETURN_IF_ERROR(
      CheckShare("augmentation.rand_augment_probability", config.rand_augment_probability));
  LM_RETURN_IF_ERROR(CheckShare("augmentation.color_jitter", config.color_jitter));
  LM_RETURN_IF_ERROR(CheckShare("augmentation.random_erasing", config.random_erasing));
  LM_RETURN_IF_ERROR(CheckAlpha("augmentation.mixup_alpha", config.mixup_alpha));
  LM_RETURN_IF_ERROR(CheckAlpha("augmentation.cutmix_alpha", config.cutmix_alpha));
  LM_RETURN_IF_ERROR(CheckShare("augmentation.mix_probability", config.mix_probability));
  return CheckShare("augmentation.cutmix_probability", config.cutmix_probability);
}

}  // namespace localmamba
