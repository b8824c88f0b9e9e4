// How images become the pixels a network takes: part of a model's description.
#ifndef LOCALMAMBA_MODEL_VISION_PREPROCESS_CONFIG_H_
#define LOCALMAMBA_MODEL_VISION_PREPROCESS_CONFIG_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/image/normalize_pixels.h"
#include "kernels/image/resize_antialiased.h"

namespace localmamba {

// The shorter side is resized to resize_short_side (longer side scaled alike, truncated to an
// integer), then the centre crop_height x crop_width is cut out (offsets (size - crop) / 2, halves
// rounded to even).
struct PreprocessConfig {
  int64_t resize_short_side = 256;  // pixels; at most 16384
  ResizeFilter filter = ResizeFilter::kBicubic;
  int64_t crop_height = 224;  // pixels; at most resize_short_side
  int64_t crop_width = 224;
  PixelNormalization normalization;
};

// Errors: INVALID_ARGUMENT naming the field, what was found and what was wanted.
absl::Status Validate(const PreprocessConfig& config);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_PREPROCESS_CONFIG_H_
