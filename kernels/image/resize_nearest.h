// Nearest-neighbour resize of channels-last maps as PyTorch's interpolate(mode="nearest"): source
// index min(floor(i * in / out), in - 1), with in / out in float32.
//
// Shapes: x: (B, H, W, C), dense, H, W >= 1; y: (B, Ho, Wo, C), dense.
// x and y have one dtype: float32, float16 or bfloat16.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_IMAGE_RESIZE_NEAREST_H_
#define LOCALMAMBA_KERNELS_IMAGE_RESIZE_NEAREST_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status ResizeNearest(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_RESIZE_NEAREST_H_
