// The largest element of each window of channels-last maps, without padding.
//
//   y[b, i, j, c] = max_{p, q < size} x[b, i * stride + p, j * stride + q, c]
//
// Ho = floor((H - size) / stride) + 1; Wo alike. A window of size 1 picks every stride-th cell.
//
// Shapes (dense): x: (B, H, W, C), H and W at least `size`; y: (B, Ho, Wo, C).
// x and y have one dtype: float32, float16 or bfloat16.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree or size or stride is not
//         positive; UNIMPLEMENTED for a dtype the device lacks.
#ifndef LOCALMAMBA_KERNELS_IMAGE_MAX_POOL_H_
#define LOCALMAMBA_KERNELS_IMAGE_MAX_POOL_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct MaxPoolWindow {
  int64_t size = 2;
  int64_t stride = 2;

  // Of an axis of `extent` cells, `size` or more.
  [[nodiscard]] int64_t Outputs(int64_t extent) const { return (extent - size) / stride + 1; }
};

absl::Status MaxPool(const ConstTensorView& x, const MaxPoolWindow& window, const TensorView& y,
                     Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_MAX_POOL_H_
