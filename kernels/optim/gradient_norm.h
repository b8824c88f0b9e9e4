// L2 norm of many tensors together, which also tells whether all of their elements are finite.
//
//   norm = sqrt(sum of the squares of all elements)
//
// Tensors: float32, dense, any shapes; norm: a float32 scalar. It is finite exactly if every
// element is and the norm itself does not exceed float32's largest number: squares are summed in
// float64, so they do not overflow before. 0 for no tensors.
#ifndef LOCALMAMBA_KERNELS_OPTIM_GRADIENT_NORM_H_
#define LOCALMAMBA_KERNELS_OPTIM_GRADIENT_NORM_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// Enqueues on `stream` and does not wait; AdamW reads the norm on the device. Deterministic.
// Errors: INVALID_ARGUMENT if a tensor has the wrong dtype or device (naming it by its index);
//         RESOURCE_EXHAUSTED if the device is out of memory.
absl::Status GradientNorm(absl::Span<const ConstTensorView> gradients, const TensorView& norm,
                          Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_OPTIM_GRADIENT_NORM_H_
