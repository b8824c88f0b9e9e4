// A linear layer with what commonly follows it.
//
//   y = activation(x @ weight^T + bias) + residual
//
// Shapes: x: (M, K), y, residual: (M, N), rows may be strided; weight: (N, K), bias: (N), dense;
//         M, N, K >= 1.
// x, weight, residual and y have one dtype: float32, float16 or bfloat16; bias is float32. Sums are
// accumulated in float32. y may be residual, not x.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks; RESOURCE_EXHAUSTED if the library needs memory it does not get; INTERNAL
//         for any other failure of it.
#ifndef LOCALMAMBA_KERNELS_GEMM_LINEAR_H_
#define LOCALMAMBA_KERNELS_GEMM_LINEAR_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/activation.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct LinearArgs {
  ConstTensorView x;
  ConstTensorView weight;
  ConstTensorView bias;  // optional
  Activation activation = Activation::kIdentity;
  ConstTensorView residual;  // optional
  TensorView y;
};

absl::Status Linear(const LinearArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_GEMM_LINEAR_H_
