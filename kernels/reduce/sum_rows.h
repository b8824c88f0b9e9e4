// Sums the rows of a matrix that are P apart: the backward of a tensor that was repeated along rows
// (the b of add.h; a bias or an inserted token with P = 1).
//
//   y[p, n] = sum_r x[r * P + p, n]
//
// Shapes: x: (M, N), rows may be strided, float32, float16 or bfloat16; y: (P, N), dense, float32;
//         P divides M. y is 0 if M is.
// Sums are float32 over parts of the rows, then over the parts, both in an order that depends on
// the shape alone: deterministic.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks; RESOURCE_EXHAUSTED if the device has no memory for the sums of parts.
#ifndef LOCALMAMBA_KERNELS_REDUCE_SUM_ROWS_H_
#define LOCALMAMBA_KERNELS_REDUCE_SUM_ROWS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status SumRows(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_REDUCE_SUM_ROWS_H_
