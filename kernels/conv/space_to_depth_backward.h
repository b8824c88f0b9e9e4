// Backward of space_to_depth.h: each cell is spread over the 2x2 it came from; what stands for
// cells outside x is dropped.
//
//   dx[b, r, s] = the part (r mod 2) + 2 * (s mod 2), of four, of dy[b, r/2, s/2]
//
// Shapes (dense): dy: (B, ceil(H/2), ceil(W/2), 4C), dx: (B, H, W, C).
// dy and dx have one dtype: float32, float16 or bfloat16.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_CONV_SPACE_TO_DEPTH_BACKWARD_H_
#define LOCALMAMBA_KERNELS_CONV_SPACE_TO_DEPTH_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status SpaceToDepthBackward(const ConstTensorView& dy, const TensorView& dx, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_SPACE_TO_DEPTH_BACKWARD_H_
