// Sum of two tensors, the second repeated along the rows of the first, as position embeddings are
// added (P = L, M = B*L).
//
//   y[m] = a[m] + b[m mod P]
//
// Shapes: a, y: (M, N), rows may be strided; b: (P, N), dense; P divides M.
// All have one dtype: float32, float16 or bfloat16. y may be a.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype the
//         device lacks.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_ADD_H_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_ADD_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status Add(const ConstTensorView& a, const ConstTensorView& b, const TensorView& y,
                 Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_ADD_H_
