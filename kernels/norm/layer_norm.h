// Layer normalisation over the last dimension, optionally gated.
//
//   y[m] = (x[m] - mean(x[m])) / sqrt(var(x[m]) + eps) * weight + bias          biased variance
//   y[m] = y[m] * SiLU(z[m])                                                    if z is present
//
// Shapes: x, y, z: (M, D), rows may be strided; weight, bias: (D).
// z and y have one dtype: float32, float16 or bfloat16; x has it too or is float32. weight and bias
// are float32, as are the statistics. y may be x.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks, or on CUDA for rows of more than 8192 elements.
#ifndef LOCALMAMBA_KERNELS_NORM_LAYER_NORM_H_
#define LOCALMAMBA_KERNELS_NORM_LAYER_NORM_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct LayerNormArgs {
  ConstTensorView x;
  ConstTensorView weight;  // optional
  ConstTensorView bias;    // optional
  ConstTensorView z;       // optional
  float eps = 1e-5F;
  TensorView y;
};

absl::Status LayerNorm(const LayerNormArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_NORM_LAYER_NORM_H_
