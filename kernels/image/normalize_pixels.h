// 8-bit pixels to the normalised tensor a network takes.
//
//   y[b, c, i, j] = (x[b, i, j, c] / 255 - mean[c]) / std[c]
//
// Shapes (dense): x: (B, H, W, 3), u8; y: (B, 3, H, W), float32, float16 or bfloat16.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree or a std is not positive;
//         UNIMPLEMENTED for a dtype the device lacks.
#ifndef LOCALMAMBA_KERNELS_IMAGE_NORMALIZE_PIXELS_H_
#define LOCALMAMBA_KERNELS_IMAGE_NORMALIZE_PIXELS_H_

#include <array>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct PixelNormalization {
  std::array<float, 3> mean = {0.485F, 0.456F, 0.406F};  // of pixels scaled to 0..1, RGB
  std::array<float, 3> std = {0.229F, 0.224F, 0.225F};
};

absl::Status NormalizePixels(const ConstTensorView& x, const PixelNormalization& normalization,
                             const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_NORMALIZE_PIXELS_H_
