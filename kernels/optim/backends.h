// The implementations between which the dispatchers of this folder choose. Arguments are checked.
// Those named Cuda exist in builds with CUDA only.
#ifndef LOCALMAMBA_KERNELS_OPTIM_BACKENDS_H_
#define LOCALMAMBA_KERNELS_OPTIM_BACKENDS_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/device/stream.h"
#include "kernels/optim/adamw.h"
#include "kernels/optim/ema.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

void AdamWCpu(const AdamWArgs& args, const Stream& stream);
absl::Status AdamWCuda(const AdamWArgs& args, Stream& stream);
void GradientNormCpu(absl::Span<const ConstTensorView> gradients, const TensorView& norm,
                     const Stream& stream);
absl::Status GradientNormCuda(absl::Span<const ConstTensorView> gradients, const TensorView& norm,
                              Stream& stream);
void UpdateEmaCpu(absl::Span<const EmaTensor> tensors, double decay, const Stream& stream);
absl::Status UpdateEmaCuda(absl::Span<const EmaTensor> tensors, double decay, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_OPTIM_BACKENDS_H_
