// The largest channel of each cell of a map that is resized bilinearly (resize_bilinear.h), without
// the resized map itself, which for many classes and a large image would take gigabytes.
//
//   y[b, i, j] = argmax_c resized[b, i, j, c], the smallest such c
//
// Shapes (dense): x: (B, H, W, C), H, W, C >= 1; y: (B, Ho, Wo), i32.
// x: float32, float16 or bfloat16.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_IMAGE_RESIZE_ARGMAX_H_
#define LOCALMAMBA_KERNELS_IMAGE_RESIZE_ARGMAX_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status ResizeArgmax(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_RESIZE_ARGMAX_H_
