// Backward of depthwise_conv2d.h. With s = the sum before the activation, recomputed here, and
// ds = activation'(s) * dy:
//
//   dx[b, i, j, d]   = sum_{p, q} weight[d, p, q] * ds[b, i - p + kh/2, j - q + kw/2, d]
//   dweight[d, p, q] = sum_{b, i, j} ds[b, i, j, d] * x[b, i + p - kh/2, j + q - kw/2, d]
//   dbias[d]         = sum_{b, i, j} ds[b, i, j, d]
//
// with ds = 0 and x = 0 outside.
//
// Shapes: x, dx: (B, H, W, D), cells may be strided, dx apart from x and dy; dy: (B, H, W, D),
//         dense; weight, dweight: (D, kh, kw), dense; bias, dbias: (D).
// x, dy and dx have one dtype: float32, float16 or bfloat16; the rest is float32. With 16 bits ds
// is rounded to the dtype of dy. Each gradient is optional; bias only matters with an activation.
//
// Enqueues on `stream` and does not wait. Deterministic.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks; RESOURCE_EXHAUSTED if the device has no memory for ds.
#ifndef LOCALMAMBA_KERNELS_CONV_DEPTHWISE_CONV2D_BACKWARD_H_
#define LOCALMAMBA_KERNELS_CONV_DEPTHWISE_CONV2D_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/activation.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct DepthwiseConv2dBackwardArgs {
  ConstTensorView x;
  ConstTensorView weight;
  ConstTensorView bias;  // optional
  Activation activation = Activation::kIdentity;
  ConstTensorView dy;
  TensorView dx;       // optional
  TensorView dweight;  // optional
  TensorView dbias;    // optional
};

absl::Status DepthwiseConv2dBackward(const DepthwiseConv2dBackwardArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_DEPTHWISE_CONV2D_BACKWARD_H_
