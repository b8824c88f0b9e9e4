#include "kernels/conv/depthwise_conv2d.h"

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status DepthwiseConv2d(const DepthwiseConv2dArgs& args, Stream& stream) {
  const ArgChecker check("depthwise_conv2d", stream.device());
  const DType dtype = args.x.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("x", args.x, dtype, {-1, -1, -1, -1}));
  const int64_t channels = args.x.dim(3);
  LM_RETURN_IF_ERROR(check.Dense("weight", args.weight, DType::kFloat32, {channels, -1, -1}));
  if (args.weight.dim(1) % 2 == 0 || args.weight.dim(2) % 2 == 0) {
    return check.Error("weight", args.weight, "odd kernel sides");
  }
  LM_RETURN_IF_ERROR(check.Optional("bias", args.bias, DType::kFloat32, {channels}));
  LM_RETURN_IF_ERROR(check.Dense("y", args.y, dtype, args.x.shape()));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    DepthwiseConv2dCpu(args, stream);
    return absl::OkStatus();
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) {
    return DepthwiseConv2dCuda(args, stream);
  }
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
