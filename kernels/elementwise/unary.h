// Element-by-element functions of one tensor, computed in float32 whatever the dtype.
//
//   y = f(x)
//
// Shapes: x, y: any, the same, dense. float32, float16 or bfloat16. y may be x.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_UNARY_H_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_UNARY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

enum class UnaryFunction : uint8_t {
  kSilu,
  kGelu,
  kSigmoid,
  kRelu,
  kSoftplus,  // log(1 + exp(x)) for x <= 20, else x
  kNegExp,    // -exp(x): A from A_log
};

absl::Status Unary(UnaryFunction function, const ConstTensorView& x, const TensorView& y,
                   Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_UNARY_H_
