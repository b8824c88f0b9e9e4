#include "kernels/conv/backends.h"
#include "kernels/conv/cuda/depthwise.h"

namespace localmamba {

absl::Status DepthwiseConv2dCuda(const DepthwiseConv2dArgs& args, Stream& stream) {
  return cuda::RunDepthwise({.x = args.x,
                             .weight = args.weight,
                             .bias = args.bias,
                             .activation = args.activation,
                             .y = args.y},
                            stream);
}

}  // namespace localmamba
