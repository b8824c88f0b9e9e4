#include "kernels/conv/depthwise_conv2d_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status DepthwiseConv2dBackward(const DepthwiseConv2dBackwardArgs& args, Stream& stream) {
  const ArgChecker check("depthwise_conv2d_backward", stream.device());
  const DType dtype = args.x.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("x", args.x, dtype, {-1, -1, -1, -1}));
  const int64_t channels = args.x.dim(3);
  LM_RETURN_IF_ERROR(check.Dense("weight", args.weight, DType::kFloat32, {channels, -1, -1}));
  if (args.weight.dim(1) % 2 == 0 || args.weight.dim(2) % 2 == 0) {
    return check.Error("weight", args.weight, "odd kernel sides");
  }
  LM_RETURN_IF_ERROR(check.Optional("bias", args.bias, DType::kFloat32, {channels}));
  LM_RETURN_IF_ERROR(check.Dense("dy", args.dy, dtype, args.x.shape()));
  LM_RETURN_IF_ERROR(check.Optional("dx", args.dx, dtype, args.x.shape()));
  LM_RETURN_IF_ERROR(
      check.OptionalDense("dweight", args.dweight, DType::kFloat32, args.weight.shape()));
  LM_RETURN_IF_ERROR(check.OptionalDense("dbias", args.dbias, DType::kFloat32, {channels}));
  if (!args.dx.empty() &&
      (args.dx.raw_data() == args.x.raw_data() || args.dx.raw_data() == args.dy.raw_data())) {
    return check.Error("dx", args.dx, "memory apart from x and dy");
  }

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return DepthwiseConv2dBackwardCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return DepthwiseConv2dBackwardCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
