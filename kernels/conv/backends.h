// The implementations between which the dispatchers of this folder choose. Arguments are checked.
#ifndef LOCALMAMBA_KERNELS_CONV_BACKENDS_H_
#define LOCALMAMBA_KERNELS_CONV_BACKENDS_H_

#include "absl/status/status.h"
#include "kernels/conv/conv2d.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

absl::Status Conv2dCpu(const Conv2dArgs& args, Stream& stream);
absl::Status SpaceToDepthCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_BACKENDS_H_
