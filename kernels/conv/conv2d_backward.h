// Backward of conv2d.h.
//
//   dweight[o, c, p, q] = sum_{b, i, j} dy[b, i, j, o]
//                                * x[b, c, i * stride - pad_top + p, j * stride - pad_left + q]
//   dbias[o]            = sum_{b, i, j} dy[b, i, j, o]
//   dx[b, c, r, s]      = sum of dy[b, i, j, o] * weight[o, c, p, q] over all o, i, j, p, q with
//                         i * stride - pad_top + p = r and j * stride - pad_left + q = s
//
// Shapes (dense): x, dx: (B, C, H, W), weight, dweight: (O, C, kh, kw), dbias: (O),
//                 dy: (B, Ho, Wo, O) with Ho and Wo as in conv2d.h.
// x, weight, dy and dx have one dtype: float32, float16 or bfloat16; dweight and dbias are float32.
// With 16 bits the summands of dx, one for each tap of the kernel, are rounded to its dtype first.
// Each gradient is optional; x and weight are always given.
//
// Enqueues on `stream` and does not wait. Deterministic for one device and number of threads.
// Errors: those of conv2d.h.
#ifndef LOCALMAMBA_KERNELS_CONV_CONV2D_BACKWARD_H_
#define LOCALMAMBA_KERNELS_CONV_CONV2D_BACKWARD_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct Conv2dBackwardArgs {
  ConstTensorView x;
  ConstTensorView weight;
  int64_t stride = 1;
  int64_t pad_top = 0;
  int64_t pad_left = 0;
  int64_t pad_bottom = 0;
  int64_t pad_right = 0;
  ConstTensorView dy;
  TensorView dx;       // optional
  TensorView dweight;  // optional
  TensorView dbias;    // optional
};

absl::Status Conv2dBackward(const Conv2dBackwardArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_CONV2D_BACKWARD_H_
