// Gradients of causal_conv1d.h for all directions of a LocalVim mixer.
//
// For each direction, with the forward's formula and names and pre[b, t, d] the argument of the
// activation, which is recomputed:
//
//   dpre[b, t, d] = du[b, t, d] * activation'(pre[b, t, d])                (0 for t >= Ls)
//   dx[b, read[t], d] = sum_{k < width} weight[d, k] * dpre[b, t + (width-1) - k, d]
//   dweight[d, k] = sum_{b,t} dpre[b, t, d] * s[t - (width-1) + k, d]
//   dbias[d] = sum_{b,t} dpre[b, t, d]
//
// Every row of x must be read by exactly one position of its direction, as every scan order does,
// so nothing is cleared first. The caller sums dx over directions that read the same x.
//
// Shapes: operands as in the forward; du: (B, Ls, D), dx: (B, L, D), dweight: (D, width): rows may
//         be strided; dbias: (D).
// x, du and dx have one dtype: float32, float16 or bfloat16; weight, bias and their gradients are
// float32. Sums are float32 and have a fixed order: results do not depend on timing or on the
// number of threads. Gradients may be absent, each direction's for itself: nobody wants them.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks or more than kMaxScanDirections directions; RESOURCE_EXHAUSTED if the device
//         lacks the memory for scratch. The values of `read` are trusted.
#ifndef LOCALMAMBA_KERNELS_CONV_CAUSAL_CONV1D_BACKWARD_H_
#define LOCALMAMBA_KERNELS_CONV_CAUSAL_CONV1D_BACKWARD_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/conv/causal_conv1d.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/activation.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct CausalConv1dBackwardDirection {
  ConstTensorView x;
  ConstTensorView read;  // optional: absent reads row t at position t
  ConstTensorView weight;
  ConstTensorView bias;  // optional
  ConstTensorView du;
  // Each optional:
  TensorView dx;
  TensorView dweight;
  TensorView dbias;
};

absl::Status CausalConv1dBackward(absl::Span<const CausalConv1dBackwardDirection> directions,
                                  Activation activation, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_CAUSAL_CONV1D_BACKWARD_H_
