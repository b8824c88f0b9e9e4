// Softmax over the last dimension.
//
//   y[m, i] = exp(x[m, i] - max_j x[m, j]) / sum_j exp(x[m, j] - max_j x[m, j])
//
// Shapes (dense, float32): x, y: (M, N). y may be x. A row with a NaN becomes NaN.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree.
#ifndef LOCALMAMBA_KERNELS_REDUCE_SOFTMAX_H_
#define LOCALMAMBA_KERNELS_REDUCE_SOFTMAX_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status Softmax(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_REDUCE_SOFTMAX_H_
