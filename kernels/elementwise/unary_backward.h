// Backward of unary.h.
//
//   dx = f'(x) * dy
//
// Shapes: x, dy, dx: any, the same, dense. float32, float16 or bfloat16, computed in float32. dx
// may be dy or x.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_UNARY_BACKWARD_H_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_UNARY_BACKWARD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/elementwise/unary.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status UnaryBackward(UnaryFunction function, const ConstTensorView& x,
                           const ConstTensorView& dy, const TensorView& dx, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_UNARY_BACKWARD_H_
