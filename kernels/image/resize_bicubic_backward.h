// Backward of resize_bicubic.h: the transposed interpolation.
//
//   dx[r, s] = sum_{i, j} R[i, r] * S[j, s] * dy[i, j]
//
// where R[i, r] is the weight of input row r in output row i, and S the same for columns.
//
// Shapes (dense, float32): dy: (Ho, Wo, C), dx: (H, W, C); H, W >= 1.
//
// Enqueues on `stream` and does not wait. Deterministic.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree.
#ifndef LOCALMAMBA_KERNELS_IMAGE_RESIZE_BICUBIC_BACKWARD_H_
#define LOCALMAMBA_KERNELS_IMAGE_RESIZE_BICUBIC_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status ResizeBicubicBackward(const ConstTensorView& dy, const TensorView& dx, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_IMAGE_RESIZE_BICUBIC_BACKWARD_H_
