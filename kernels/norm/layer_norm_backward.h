// Gradients of layer_norm.h. With x^ = (x - mean(x)) * scale the normalised row, n = x^ * weight +
// bias, and sigmoid and SiLU of z:
//
//   dn = dy * SiLU(z)                                                            (dy without z)
//   dz = dy * n * sigmoid(z) * (1 + z * (1 - sigmoid(z)))
//   dx = scale * (g - mean(g) - x^ * mean(g * x^)),   g = dn * weight
//   dweight = sum over rows of dn * x^,   dbias = sum over rows of dn
//
// The statistics of a row and its gate are recomputed. An absent weight counts as 1, an absent bias
// as 0.
//
// Shapes: x, z, dy, dx, dz: (M, D), rows may be strided; weight, bias, dweight, dbias: (D).
// z, dy and dz have one dtype: float32, float16 or bfloat16; x has it too or is float32, and dx has
// that of x. weight, bias, dweight and dbias are float32, as are the sums. dx may be dy.
//
// Enqueues on `stream` and does not wait. Deterministic, on the CPU whatever the number of threads.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks, or on CUDA for rows of more than 8192 elements; RESOURCE_EXHAUSTED if the
//         device has no memory for partial sums.
#ifndef LOCALMAMBA_KERNELS_NORM_LAYER_NORM_BACKWARD_H_
#define LOCALMAMBA_KERNELS_NORM_LAYER_NORM_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct LayerNormBackwardArgs {
  ConstTensorView x;
  ConstTensorView weight;  // weight, bias and z as in the forward
  ConstTensorView bias;    // read only for dz
  ConstTensorView z;
  float eps = 1e-5F;
  ConstTensorView dy;
  TensorView dx;  // wanted if present, as are the following
  TensorView dz;  // with z only
  TensorView dweight;
  TensorView dbias;
};

absl::Status LayerNormBackward(const LayerNormBackwardArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_NORM_LAYER_NORM_BACKWARD_H_
