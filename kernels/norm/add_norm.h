// Residual add, rotation and norm of a LocalVim layer in one pass over the tokens.
//
//   s = hidden + residual                       (hidden itself without residual)
//   s[2k], s[2k+1] = s[2k] * cos[2k] - s[2k+1] * sin[2k],
//                    s[2k+1] * cos[2k+1] + s[2k] * sin[2k+1]           (s itself without tables)
//   residual_out = s
//   y = s / sqrt(mean(s^2) + eps) * weight                             (kRms)
//   y = (s - mean(s)) / sqrt(var(s) + eps) * weight + bias             (kLayer, biased variance)
//
// Rotating the sum equals rotating hidden and residual apart, as the official code does, because
// the rotation is linear.
//
// Shapes: hidden, y: (B, L, D); residual, residual_out: (B, L, D), float32; rope_cos, rope_sin:
//         (L, D), float32; weight, bias: (D), float32. All dense; D even if tables are given.
// hidden and y have one dtype: float32, float16 or bfloat16. residual_out may be residual; absent:
// s is not stored.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks, or on CUDA for rows of more than 8192 elements.
#ifndef LOCALMAMBA_KERNELS_NORM_ADD_NORM_H_
#define LOCALMAMBA_KERNELS_NORM_ADD_NORM_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

enum class NormKind : uint8_t { kRms, kLayer };

struct AddNormArgs {
  ConstTensorView hidden;
  ConstTensorView residual;  // optional
  ConstTensorView rope_cos;  // optional, with rope_sin
  ConstTensorView rope_sin;
  NormKind norm = NormKind::kRms;
  ConstTensorView weight;
  ConstTensorView bias;  // with kLayer, and only then
  float eps = 1e-5F;
  TensorView residual_out;  // optional
  TensorView y;
};

absl::Status AddNorm(const AddNormArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_NORM_ADD_NORM_H_
