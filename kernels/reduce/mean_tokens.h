// Mean over the tokens of each image.
//
//   y[b, d] = mean_l x[b, l, d]
//
// Shapes: x: (B, L, D), rows may be strided, L >= 1; y: (B, D), dense.
// x and y have one dtype: float32, float16 or bfloat16. Sums are float32.
//
// Enqueues on `stream` and does not wait. Deterministic.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_REDUCE_MEAN_TOKENS_H_
#define LOCALMAMBA_KERNELS_REDUCE_MEAN_TOKENS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status MeanTokens(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_REDUCE_MEAN_TOKENS_H_
