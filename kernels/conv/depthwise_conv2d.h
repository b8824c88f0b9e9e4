// Depthwise 2-D convolution (cross-correlation) on channels-last tokens, stride 1, zero padding
// that keeps the size.
//
//   y[b, i, j, d] = activation(bias[d] + sum_{p, q} weight[d, p, q]
//                                                   * x[b, i + p - kh/2, j + q - kw/2, d])
//
// with x = 0 outside.
//
// Shapes: x: (B, H, W, D), cells may be strided (a slice of the channels of a wider tensor);
//         weight: (D, kh, kw), dense, kh and kw odd; bias: (D); y: (B, H, W, D), dense, apart
//         from x.
// x and y have one dtype: float32, float16 or bfloat16; weight and bias are float32.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_CONV_DEPTHWISE_CONV2D_H_
#define LOCALMAMBA_KERNELS_CONV_DEPTHWISE_CONV2D_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/activation.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct DepthwiseConv2dArgs {
  ConstTensorView x;
  ConstTensorView weight;
  ConstTensorView bias;  // optional
  Activation activation = Activation::kIdentity;
  TensorView y;
};

absl::Status DepthwiseConv2d(const DepthwiseConv2dArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_DEPTHWISE_CONV2D_H_
