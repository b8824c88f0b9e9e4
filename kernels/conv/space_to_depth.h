// Gathers 2x2 cells into one, the first half of PatchMerging2D.
//
//   y[b, i, j] = concat(x[b, 2i, 2j], x[b, 2i+1, 2j], x[b, 2i, 2j+1], x[b, 2i+1, 2j+1])
//
// with zeros outside x.
//
// Shapes (dense): x: (B, H, W, C), y: (B, ceil(H/2), ceil(W/2), 4C).
// x and y have one dtype: float32, float16 or bfloat16.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_CONV_SPACE_TO_DEPTH_H_
#define LOCALMAMBA_KERNELS_CONV_SPACE_TO_DEPTH_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status SpaceToDepth(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_SPACE_TO_DEPTH_H_
