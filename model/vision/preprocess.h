// From a decoded image to the pixels a network takes (reference §7, "Evaluation").
#ifndef LOCALMAMBA_MODEL_VISION_PREPROCESS_H_
#define LOCALMAMBA_MODEL_VISION_PREPROCESS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/device/stream.h"
#include "kernels/image/normalize_pixels.h"
#include "kernels/image/resize_antialiased.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

// The shorter side is resized to resize_short_side (longer side scaled alike, truncated to an
// integer), then the centre crop_height x crop_width is cut out (offsets (size - crop) / 2, halves
// rounded to even).
struct PreprocessConfig {
  int64_t resize_short_side = 256;  // pixels
  ResizeFilter filter = ResizeFilter::kBicubic;
  int64_t crop_height = 224;  // pixels; at most resize_short_side
  int64_t crop_width = 224;
  PixelNormalization normalization;
};

// Errors: INVALID_ARGUMENT naming the field, what was found and what was wanted.
absl::Status Validate(const PreprocessConfig& config);

// image: (H, W, 3), u8, RGB, on the CPU. Returns (crop_height, crop_width, 3), u8, dense.
// Errors: INVALID_ARGUMENT for another dtype or shape or an empty image.
absl::StatusOr<Tensor> ResizeAndCrop(const PreprocessConfig& config, const ConstTensorView& image,
                                     Allocator& allocator, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_PREPROCESS_H_
