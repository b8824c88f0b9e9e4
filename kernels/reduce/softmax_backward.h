// Backward of softmax.h.
//
//   dx[m, i] = y[m, i] * (dy[m, i] - sum_j y[m, j] * dy[m, j])
//
// Shapes (dense, float32): y (the forward's result), dy, dx: (M, N). dx may be dy or y.
//
// Enqueues on `stream` and does not wait. Deterministic.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree.
#ifndef LOCALMAMBA_KERNELS_REDUCE_SOFTMAX_BACKWARD_H_
#define LOCALMAMBA_KERNELS_REDUCE_SOFTMAX_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status SoftmaxBackward(const ConstTensorView& y, const ConstTensorView& dy,
                             const TensorView& dx, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_REDUCE_SOFTMAX_BACKWARD_H_
