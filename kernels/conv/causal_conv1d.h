// Causal depthwise 1-D convolution of token sequences read in scan order, for all directions of a
// LocalVim mixer.
//
// For each direction, with s[t] = x[b, read[t]] (zero where read[t] is -1 or t < 0):
//
//   u[b, t, d] = activation(bias[d] + sum_{k < width} weight[d, k] * s[t - (width-1) + k, d])
//
// so the last tap multiplies the current position, and padding positions have outputs too.
//
// Shapes: x: (B, L, D), rows may be strided; read: i32 (Ls), values -1 ... L-1, on the device of x;
//         weight: (D, width), width 1 ... kMaxCausalConvWidth; bias: (D); u: (B, Ls, D), dense.
//         All directions have the same B, D and width; L and Ls may differ.
// x and u have one dtype: float32, float16 or bfloat16; weight and bias are float32.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks or more than kMaxScanDirections directions. The values of `read` are
//         trusted.
#ifndef LOCALMAMBA_KERNELS_CONV_CAUSAL_CONV1D_H_
#define LOCALMAMBA_KERNELS_CONV_CAUSAL_CONV1D_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/activation.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

inline constexpr int kMaxCausalConvWidth = 8;

struct CausalConv1dDirection {
  ConstTensorView x;
  ConstTensorView read;  // optional: absent reads row t at position t
  ConstTensorView weight;
  ConstTensorView bias;  // optional
  TensorView u;
};

absl::Status CausalConv1d(absl::Span<const CausalConv1dDirection> directions, Activation activation,
                          Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_CAUSAL_CONV1D_H_
