#include "model/vision/preprocess_config.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

// More than a network is plausibly fed, and far from overflow.
constexpr int64_t kMaxSide = 16384;

absl::Status CheckRange(absl::string_view field, int64_t found, int64_t most) {
  if (found >= 1 && found <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", found, ", wanted 1 to ", most));
}

}  // namespace

absl::Status Validate(const PreprocessConfig& config) {
  LM_RETURN_IF_ERROR(CheckRange("resize_short_side", config.resize_short_side, kMaxSide));
  LM_RETURN_IF_ERROR(CheckRange("crop_height", config.crop_height, config.resize_short_side));
  LM_RETURN_IF_ERROR(CheckRange("crop_width", config.crop_width, config.resize_short_side));
  for (const float mean : config.normalization.mean) {
    if (!std::isfinite(mean)) {
      return absl::InvalidArgumentError(absl::StrCat("mean has ", mean, ", wanted finite numbers"));
    }
  }
  for (const float std : config.normalization.std) {
    if (!std::isfinite(std) || std <= 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("std has ", std, ", wanted finite numbers above 0"));
    }
  }
  return absl::OkStatus();
}

}  // namespace localmamba
