// One step of AdamW (arXiv:1711.05101) over many tensors, as PyTorch's AdamW computes it:
//
//   p -= learning_rate * weight_decay * p
//   m  = beta1 * m + (1 - beta1) * g
//   v  = beta2 * v + (1 - beta2) * g^2
//   p -= learning_rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
//
// where t counts the steps taken, this one included, and g is the gradient times `unscale`, which
// undoes a loss scale, and, with `max_norm`, times min(1, max_norm / (norm + 1e-6)), where norm is
// the L2 norm of all gradients after `unscale` (PyTorch's clip_grad_norm_).
//
// If `gradient_norm` is given and not finite, because some gradient is not, nothing changes, not
// even the count of steps: the skipped step of mixed-precision training. This is decided on the
// device.
#ifndef LOCALMAMBA_KERNELS_OPTIM_ADAMW_H_
#define LOCALMAMBA_KERNELS_OPTIM_ADAMW_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// Float32, dense, of one shape and apart from each other.
struct AdamWTensor {
  TensorView parameter;
  ConstTensorView gradient;
  TensorView first_moment;   // m; zeros before the first step
  TensorView second_moment;  // v, likewise
  double weight_decay = 0.0;
};

struct AdamWArgs {
  absl::Span<const AdamWTensor> tensors;
  TensorView steps;               // int64 scalar: steps taken so far
  ConstTensorView gradient_norm;  // optional float32 scalar: GradientNorm of the gradients
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double unscale = 1.0;
  double max_norm = 0.0;  // 0: gradients are not clipped; else needs gradient_norm
};

// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if a tensor has the wrong shape, dtype or device (named by its index) or
//         an option is out of range; RESOURCE_EXHAUSTED if the device is out of memory.
absl::Status AdamW(const AdamWArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_OPTIM_ADAMW_H_
