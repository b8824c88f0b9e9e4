// Dense 2-D convolution (cross-correlation) from a channels-first image to channels-last tokens.
//
//   y[b, i, j, o] = bias[o] + sum_{c, p, q} weight[o, c, p, q]
//                                * x[b, c, i * stride - pad_top + p, j * stride - pad_left + q]
//
// with x = 0 outside. Ho = floor((H + pad_top + pad_bottom - kh) / stride) + 1; Wo alike.
//
// Shapes (dense): x: (B, C, H, W), weight: (O, C, kh, kw), bias: (O), y: (B, Ho, Wo, O).
// x, weight and y have one dtype: float32, float16 or bfloat16; bias is float32.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree, the stride is not positive or a
//         padding is negative; UNIMPLEMENTED for a dtype the device lacks; those of linear.h.
#ifndef LOCALMAMBA_KERNELS_CONV_CONV2D_H_
#define LOCALMAMBA_KERNELS_CONV_CONV2D_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct Conv2dArgs {
  ConstTensorView x;
  ConstTensorView weight;
  ConstTensorView bias;  // optional
  int64_t stride = 1;
  int64_t pad_top = 0;
  int64_t pad_left = 0;
  int64_t pad_bottom = 0;
  int64_t pad_right = 0;
  TensorView y;
};

absl::Status Conv2d(const Conv2dArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_CONV2D_H_
