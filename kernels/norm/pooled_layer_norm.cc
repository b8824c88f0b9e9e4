#include "kernels/norm/pooled_layer_norm.h"

#include "kernels/base/status_macros.h"
#include "kernels/norm/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status PooledLayerNorm(const PooledLayerNormArgs& args, Stream& stream) {
  const ArgChecker check("pooled_layer_norm", stream.device());
  const DType dtype = args.x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", args.x, dtype, {-1, -1, -1}));
  if (args.x.dim(1) == 0 || args.x.dim(2) == 0) {
    return check.Error("x", args.x, "at least one token and one channel");
  }
  const int64_t D = args.x.dim(2);
  LM_RETURN_IF_ERROR(check.Optional("weight", args.weight, DType::kFloat32, {D}));
  LM_RETURN_IF_ERROR(check.Optional("bias", args.bias, DType::kFloat32, {D}));
  if (args.weight.empty() != args.bias.empty()) {
    return check.Error("bias", args.bias, "weight and bias, or neither");
  }
  LM_RETURN_IF_ERROR(check.Dense("y", args.y, DType::kFloat32, {args.x.dim(0), D}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return PooledLayerNormCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return PooledLayerNormCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
