// The implementations between which the dispatchers of this folder choose. Arguments are checked.
// Those named Cuda exist in builds with CUDA only.
#ifndef LOCALMAMBA_KERNELS_CONV_BACKENDS_H_
#define LOCALMAMBA_KERNELS_CONV_BACKENDS_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/conv/causal_conv1d.h"
#include "kernels/conv/causal_conv1d_backward.h"
#include "kernels/conv/conv2d.h"
#include "kernels/conv/conv2d_backward.h"
#include "kernels/conv/depthwise_conv2d.h"
#include "kernels/conv/depthwise_conv2d_backward.h"
#include "kernels/conv/map_conv2d.h"
#include "kernels/conv/transposed_conv2d.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

void CausalConv1dBackwardCpu(absl::Span<const CausalConv1dBackwardDirection> directions,
                             Activation activation, const Stream& stream);
absl::Status CausalConv1dBackwardCuda(absl::Span<const CausalConv1dBackwardDirection> directions,
                                      Activation activation, Stream& stream);
void CausalConv1dCpu(absl::Span<const CausalConv1dDirection> directions, Activation activation,
                     const Stream& stream);
absl::Status CausalConv1dCuda(absl::Span<const CausalConv1dDirection> directions,
                              Activation activation, Stream& stream);
absl::Status Conv2dBackwardCpu(const Conv2dBackwardArgs& args, Stream& stream);
absl::Status Conv2dBackwardCuda(const Conv2dBackwardArgs& args, Stream& stream);
absl::Status Conv2dCpu(const Conv2dArgs& args, Stream& stream);
absl::Status Conv2dCuda(const Conv2dArgs& args, Stream& stream);
absl::Status DepthwiseConv2dBackwardCpu(const DepthwiseConv2dBackwardArgs& args, Stream& stream);
absl::Status DepthwiseConv2dBackwardCuda(const DepthwiseConv2dBackwardArgs& args, Stream& stream);
// Also writes y with strided cells.
void DepthwiseConv2dCpu(const DepthwiseConv2dArgs& args, const Stream& stream);
absl::Status DepthwiseConv2dCuda(const DepthwiseConv2dArgs& args, Stream& stream);
absl::Status MapConv2dCpu(const MapConv2dArgs& args, Stream& stream);
absl::Status MapConv2dCuda(const MapConv2dArgs& args, Stream& stream);
absl::Status SpaceToDepthBackwardCpu(const ConstTensorView& dy, const TensorView& dx,
                                     Stream& stream);
absl::Status SpaceToDepthBackwardCuda(const ConstTensorView& dy, const TensorView& dx,
                                      Stream& stream);
absl::Status SpaceToDepthCpu(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status SpaceToDepthCuda(const ConstTensorView& x, const TensorView& y, Stream& stream);
absl::Status TransposedConv2dCpu(const TransposedConv2dArgs& args, Stream& stream);
absl::Status TransposedConv2dCuda(const TransposedConv2dArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_BACKENDS_H_
