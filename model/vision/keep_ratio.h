// Preprocessing of detectors and segmenters: an image of any size is resized with its proportions
// kept, and padded (reference H, section 1).
#ifndef LOCALMAMBA_MODEL_VISION_KEEP_RATIO_H_
#define LOCALMAMBA_MODEL_VISION_KEEP_RATIO_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/device/stream.h"
#include "kernels/image/normalize_pixels.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

struct KeepRatioConfig {
  // Resized as far as neither the image's longer side exceeds long_side nor its shorter one
  // short_side: enlarged too. Pixels, 1 to 16384.
  int64_t long_side = 1333;
  int64_t short_side = 800;
  // Padding at the bottom and right, after normalisation with 0, to a multiple of this; 1: none.
  int64_t pad_divisor = 32;
  // If not 0: instead padded before normalisation to this many pixels a side, at least long_side,
  // with pad_value in each channel; padding then counts as part of the image, so that boxes may lie
  // in it.
  int64_t pad_side = 0;
  int64_t pad_value = 114;  // 0 to 255
};

// Errors: INVALID_ARGUMENT naming the field, what was found and what was wanted.
absl::Status Validate(const KeepRatioConfig& config);

// How an image lies in the input of the network.
struct ImageGeometry {
  int64_t source_height = 0;  // of the image
  int64_t source_width = 0;
  int64_t resized_height = 0;
  int64_t resized_width = 0;
  int64_t input_height = 0;  // with padding
  int64_t input_width = 0;
  float limit_height = 0;  // what boxes are clipped to
  float limit_width = 0;

  // Pixels of the input per pixel of the image.
  [[nodiscard]] float scale_x() const {
    return static_cast<float>(static_cast<double>(resized_width) /
                              static_cast<double>(source_width));
  }
  [[nodiscard]] float scale_y() const {
    return static_cast<float>(static_cast<double>(resized_height) /
                              static_cast<double>(source_height));
  }
};

// Of an image of height x width pixels, 1 or more. Sides are rounded half up, to at least 1.
ImageGeometry KeepRatioGeometry(const KeepRatioConfig& config, int64_t height, int64_t width);

// Height and width of a network's input.
struct InputSize {
  int64_t height = 0;
  int64_t width = 0;
};

// What no input is larger than, of images that are not higher than wide; of others, the other way
// round.
InputSize LargestInput(const KeepRatioConfig& config);

struct PreparedImage {
  Tensor input;  // (3, input_height, input_width), float32
  ImageGeometry geometry;
};

// image: (H, W, 3), u8, RGB, on the CPU, as is `stream`. Errors: INVALID_ARGUMENT for another dtype
// or shape, an empty image or an invalid configuration; those of `allocator`.
absl::StatusOr<PreparedImage> ResizeKeepRatio(const KeepRatioConfig& config,
                                              const PixelNormalization& normalization,
                                              const ConstTensorView& image, Allocator& allocator,
                                              Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_KEEP_RATIO_H_
