// The largest elements of each row, in descending order; equal elements by ascending index, NaN
// last.
//
// Shapes (dense): x: (M, N), float32; values: (M, k), float32; indices: (M, k), i32; 1 <= k <= N.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree or k is out of range.
#ifndef LOCALMAMBA_KERNELS_REDUCE_TOP_K_H_
#define LOCALMAMBA_KERNELS_REDUCE_TOP_K_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status TopK(const ConstTensorView& x, const TensorView& values, const TensorView& indices,
                  Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_REDUCE_TOP_K_H_
