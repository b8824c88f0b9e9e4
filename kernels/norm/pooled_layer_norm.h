// Mean over the tokens of their layer norms: the input of the channel attention, without storing
// the normalised tokens.
//
//   y[m, d] = weight[d] * mean_l((x[m, l, d] - mean(x[m, l])) / sqrt(var(x[m, l]) + eps)) + bias[d]
//
// Shapes: x: (M, L, D), dense; weight, bias: (D), both or neither; y: (M, D), dense.
// x is float32, float16 or bfloat16; the others are float32, as are the sums.
//
// Enqueues on `stream` and does not wait. Deterministic.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks, or on CUDA for rows of more than 8192 elements.
#ifndef LOCALMAMBA_KERNELS_NORM_POOLED_LAYER_NORM_H_
#define LOCALMAMBA_KERNELS_NORM_POOLED_LAYER_NORM_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct PooledLayerNormArgs {
  ConstTensorView x;
  ConstTensorView weight;
  ConstTensorView bias;
  float eps = 1e-5F;
  TensorView y;
};

absl::Status PooledLayerNorm(const PooledLayerNormArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_NORM_POOLED_LAYER_NORM_H_
