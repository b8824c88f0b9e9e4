// Sum of two tensors, the second repeated along the rows of the first.
//
//   y[m] = a[m] + b[m mod rows(b)]      a, y: (M, N), rows may be strided;  b: (P, N), P divides M,
//   dense
//
// float32, float16 or bfloat16, all the same; y may be a. Position embeddings are added this way (P
// = L, M = B*L). Enqueues on `stream` and does not wait. Errors: INVALID_ARGUMENT if shapes, dtypes
// or devices disagree; UNIMPLEMENTED for a dtype the device lacks.
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
