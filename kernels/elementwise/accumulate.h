// Adds one tensor to another, as gradients of a value that was used twice are added, and those of
// slices into their part of a whole.
//
//   y[m, n] += x[m, n]
//
// Shapes: x, y: (M, N), rows may be strided; x apart from y.
// y is float32, float16 or bfloat16; x has the dtype of y, or any of these if y is float32. Sums
// are rounded once, to y's dtype.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for dtypes the
//         device lacks (the CPU has float32 alone).
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_ACCUMULATE_H_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_ACCUMULATE_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status Accumulate(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_ACCUMULATE_H_
