// Backward of mean_tokens.h.
//
//   dx[b, l, d] = dy[b, d] / L
//
// Shapes: dy: (B, D), dense; dx: (B, L, D), rows may be strided, L >= 1.
// dy and dx have one dtype: float32, float16 or bfloat16.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_REDUCE_MEAN_TOKENS_BACKWARD_H_
#define LOCALMAMBA_KERNELS_REDUCE_MEAN_TOKENS_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status MeanTokensBackward(const ConstTensorView& dy, const TensorView& dx, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_REDUCE_MEAN_TOKENS_BACKWARD_H_
