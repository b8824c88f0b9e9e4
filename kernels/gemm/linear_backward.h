// Backward of linear.h without activation and residual: those have backwards of their own
// (unary_backward.h; a residual's gradient is dy).
//
//   dx      = dy @ weight
//   dweight = dy^T @ x
//   dbias   = sum_m dy[m]
//
// Shapes: x, dx: (M, K), dy: (M, N), rows may be strided; weight, dweight: (N, K), dbias: (N),
//         dense; M, N, K >= 1.
// x, weight, dy and dx have one dtype: float32, float16 or bfloat16; dweight and dbias are float32.
// Sums are accumulated in float32. Each gradient is optional; x may be absent without dweight, and
// weight without dx. dx is apart from the other operands.
//
// Enqueues on `stream` and does not wait. Deterministic for one device and number of threads.
// Errors: those of linear.h.
#ifndef LOCALMAMBA_KERNELS_GEMM_LINEAR_BACKWARD_H_
#define LOCALMAMBA_KERNELS_GEMM_LINEAR_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct LinearBackwardArgs {
  ConstTensorView x;
  ConstTensorView weight;
  ConstTensorView dy;
  TensorView dx;       // optional
  TensorView dweight;  // optional
  TensorView dbias;    // optional
};

absl::Status LinearBackward(const LinearBackwardArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_GEMM_LINEAR_BACKWARD_H_
