// Conversion between the floating-point types, rounded to nearest, ties to even.
//
//   y[m, n] = x[m, n]       x, y: (M, N), rows may be strided; float32, float16 or bfloat16 each
//
// With equal types a copy of strided rows. Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes or devices disagree or a type is not floating-point.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_CAST_H_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_CAST_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status Cast(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_CAST_H_
