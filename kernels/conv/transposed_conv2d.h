// Transposed convolution of channels-last maps whose stride is its size k, so that no two windows
// overlap: each cell becomes k x k cells. With an activation.
//
//   y[b, k i + p, k j + q, o] = activation(bias[o] + sum_c weight[p, q, o, c] * x[b, i, j, c])
//
// Shapes (dense): x: (B, H, W, C), weight: (k, k, O, C), bias: (O), y: (B, k H, k W, O); all
// extents at least 1. x, weight and y have one dtype: float32, float16 or bfloat16; bias is
// float32.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks; those of linear.h.
#ifndef LOCALMAMBA_KERNELS_CONV_TRANSPOSED_CONV2D_H_
#define LOCALMAMBA_KERNELS_CONV_TRANSPOSED_CONV2D_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/activation.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct TransposedConv2dArgs {
  ConstTensorView x;
  ConstTensorView weight;
  ConstTensorView bias;  // optional
  Activation activation = Activation::kIdentity;
  TensorView y;
};

absl::Status TransposedConv2d(const TransposedConv2dArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_TRANSPOSED_CONV2D_H_
