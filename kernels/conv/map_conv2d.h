// Dense 2-D convolution (cross-correlation) of channels-last maps, with an activation.
//
//   y[b, i, j, o] = activation(bias[o] + sum_{p, q, c} weight[o, p, q, c]
//                                * x[b, i * stride - pad + p * dilation,
//                                       j * stride - pad + q * dilation, c])
//
// with x = 0 outside. Ho = floor((H + 2 pad - dilation * (kh - 1) - 1) / stride) + 1; Wo alike.
//
// Shapes (dense): x: (B, H, W, C), weight: (O, kh, kw, C), bias: (O), y: (B, Ho, Wo, O).
// x, weight and y have one dtype: float32, float16 or bfloat16; bias is float32.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree, stride or dilation is not
//         positive or the padding is negative; UNIMPLEMENTED for a dtype the device lacks;
//         RESOURCE_EXHAUSTED if the library needs memory it does not get; INTERNAL for any other
//         failure of it.
#ifndef LOCALMAMBA_KERNELS_CONV_MAP_CONV2D_H_
#define LOCALMAMBA_KERNELS_CONV_MAP_CONV2D_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/activation.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct MapConv2dWindow {
  int64_t stride = 1;
  int64_t pad = 0;  // on each of the four sides
  int64_t dilation = 1;

  friend bool operator==(const MapConv2dWindow&, const MapConv2dWindow&) = default;
};

// Output cells along an axis of `extent` cells under `taps` taps; not positive if there are none.
constexpr int64_t OutputExtent(const MapConv2dWindow& window, int64_t extent, int64_t taps) {
  const int64_t span = extent + 2 * window.pad - window.dilation * (taps - 1) - 1;
  return span < 0 ? 0 : span / window.stride + 1;
}

struct MapConv2dArgs {
  ConstTensorView x;
  ConstTensorView weight;
  ConstTensorView bias;  // optional
  MapConv2dWindow window = {};
  Activation activation = Activation::kIdentity;
  TensorView y;
};

absl::Status MapConv2d(const MapConv2dArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_MAP_CONV2D_H_
