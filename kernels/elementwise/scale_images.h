// Multiplies each image of a batch by a factor of its own: stochastic depth, whose factor is 0 or
// 1 / (probability to keep). It is its own backward, from dy to dx.
//
//   y[b, n] = x[b, n] * factor[b]
//
// Shapes: x, y: (B, N), rows may be strided; factor: (B), float32.
// x and y have one dtype: float32, float16 or bfloat16. y may be x.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_SCALE_IMAGES_H_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_SCALE_IMAGES_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status ScaleImages(const ConstTensorView& x, const ConstTensorView& factor,
                         const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_SCALE_IMAGES_H_
