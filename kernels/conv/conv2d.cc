#include "kernels/conv/conv2d.h"

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/conv/check_conv2d.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status Conv2d(const Conv2dArgs& args, Stream& stream) {
  const ArgChecker check("conv2d", stream.device());
  const DType dtype = args.x.dtype();
  LM_ASSIGN_OR_RETURN(const Shape result, CheckConv2d(check, args));
  LM_RETURN_IF_ERROR(check.Optional("bias", args.bias, DType::kFloat32, {args.weight.dim(0)}));
  LM_RETURN_IF_ERROR(check.Dense("y", args.y, dtype, result));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return Conv2dCpu(args, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return Conv2dCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
