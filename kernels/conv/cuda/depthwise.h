// The depthwise convolution that the forward pass and both halves of the backward pass consist of.
#ifndef LOCALMAMBA_KERNELS_CONV_CUDA_DEPTHWISE_H_
#define LOCALMAMBA_KERNELS_CONV_CUDA_DEPTHWISE_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/activation.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba::cuda {

// With sum = the convolution of depthwise_conv2d.h of x, weight and bias, before the activation:
// y = activation(sum), or y = activation'(sum) * dy if there is a dy.
struct DepthwisePass {
  ConstTensorView x;
  ConstTensorView weight;
  bool mirrored = false;  // weight[d, kh-1-p, kw-1-q] takes the place of weight[d, p, q]
  ConstTensorView bias;   // optional
  Activation activation = Activation::kIdentity;
  ConstTensorView dy;  // optional, with the strides of y
  TensorView y;        // cells may be strided
};

// Enqueues on `stream` and does not wait.
absl::Status RunDepthwise(const DepthwisePass& pass, Stream& stream);

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_CONV_CUDA_DEPTHWISE_H_
