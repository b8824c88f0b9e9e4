// Gradients of add_norm.h. With s = residual_out, x^ its normalised row (s * scale for kRms,
// (s - mean(s)) * scale for kLayer) and g = dy * weight:
//
//   ds = dresidual_out + scale * (g - mean(g) - x^ * mean(g * x^))         without mean(g) for kRms
//   dsum[2k], dsum[2k+1] = ds[2k] * cos[2k] + ds[2k+1] * sin[2k+1],
//                          ds[2k+1] * cos[2k+1] - ds[2k] * sin[2k]       (ds without tables)
//   dhidden = dresidual = dsum
//   dweight = sum over rows of dy * x^,   dbias = sum over rows of dy
//
// The statistics of a row are recomputed. The tables have no gradient.
//
// Shapes: residual_out, dresidual_out, dresidual: (B, L, D), float32; dy, dhidden: (B, L, D);
//         rope_cos, rope_sin: (L, D), float32; weight, dweight, dbias: (D), float32. All dense; D
//         even if tables are given.
// dy and dhidden have one dtype: float32, float16 or bfloat16. An absent dy or dresidual_out counts
// as zeros. dhidden may be dy, and dresidual may be dresidual_out.
//
// Enqueues on `stream` and does not wait. Deterministic, on the CPU whatever the number of threads.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks, or on CUDA for rows of more than 8192 elements; RESOURCE_EXHAUSTED if the
//         device has no memory for partial sums.
#ifndef LOCALMAMBA_KERNELS_NORM_ADD_NORM_BACKWARD_H_
#define LOCALMAMBA_KERNELS_NORM_ADD_NORM_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/norm/add_norm.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct AddNormBackwardArgs {
  ConstTensorView residual_out;
  ConstTensorView rope_cos;  // as in the forward
  ConstTensorView rope_sin;
  NormKind norm = NormKind::kRms;
  ConstTensorView weight;
  float eps = 1e-5F;
  ConstTensorView dy;
  ConstTensorView dresidual_out;
  TensorView dhidden;  // wanted if present, as are the following
  TensorView dresidual;
  TensorView dweight;
  TensorView dbias;  // with kLayer only
};

absl::Status AddNormBackward(const AddNormBackwardArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_NORM_ADD_NORM_BACKWARD_H_
