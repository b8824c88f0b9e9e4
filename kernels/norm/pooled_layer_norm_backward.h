// Gradients of pooled_layer_norm.h. With x^ = (x - mean(x)) * scale the normalised tokens and
// g[m] = dy[m] * weight / L:
//
//   dx[m, l] = scale * (g[m] - mean(g[m]) - x^[m, l] * mean(g[m] * x^[m, l]))          means over d
//   dweight[d] = sum_m dy[m, d] * mean_l x^[m, l, d],   dbias[d] = sum_m dy[m, d]
//
// The statistics of a token are recomputed. An absent weight counts as 1.
//
// Shapes: x, dx: (M, L, D), dense; weight, dweight, dbias: (D); dy: (M, D), dense.
// x and dx have one dtype: float32, float16 or bfloat16; the others are float32, as are the sums.
//
// Enqueues on `stream` and does not wait. Deterministic, on the CPU whatever the number of threads.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks, or on CUDA for rows of more than 8192 elements; RESOURCE_EXHAUSTED if the
//         device has no memory for partial sums.
#ifndef LOCALMAMBA_KERNELS_NORM_POOLED_LAYER_NORM_BACKWARD_H_
#define LOCALMAMBA_KERNELS_NORM_POOLED_LAYER_NORM_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct PooledLayerNormBackwardArgs {
  ConstTensorView x;
  ConstTensorView weight;  // as in the forward
  float eps = 1e-5F;
  ConstTensorView dy;
  TensorView dx;  // wanted if present, as are the following
  TensorView dweight;
  TensorView dbias;
};

absl::Status PooledLayerNormBackward(const PooledLayerNormBackwardArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_NORM_POOLED_LAYER_NORM_BACKWARD_H_
