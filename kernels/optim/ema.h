// Exponential moving average of many tensors, one step:
//
//   average = decay * average + (1 - decay) * value
//
// Float32, dense, average and value of one shape.
#ifndef LOCALMAMBA_KERNELS_OPTIM_EMA_H_
#define LOCALMAMBA_KERNELS_OPTIM_EMA_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct EmaTensor {
  ConstTensorView value;
  TensorView average;
};

// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if a tensor has the wrong shape, dtype or device (named by its index) or
//         `decay` is not in [0, 1].
absl::Status UpdateEma(absl::Span<const EmaTensor> tensors, double decay, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_OPTIM_EMA_H_
