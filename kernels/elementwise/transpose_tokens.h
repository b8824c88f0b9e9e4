// Exchanges the last two dimensions: tokens (channels last) to feature maps (channels first).
//
//   y[b, d, l] = x[b, l, d]
//
// Shapes: x: (B, L, D), rows may be strided; y: (B, D, L), dense.
// x and y have one dtype: float32, float16 or bfloat16.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_TRANSPOSE_TOKENS_H_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_TRANSPOSE_TOKENS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status TransposeTokens(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_TRANSPOSE_TOKENS_H_
