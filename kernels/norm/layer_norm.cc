#include "kernels/norm/layer_norm.h"

#include "kernels/base/status_macros.h"
#include "kernels/norm/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status LayerNorm(const LayerNormArgs& args, Stream& stream) {
  const ArgChecker check("layer_norm", stream.device());
  const DType dtype = args.y.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("y", args.y, dtype, {-1, -1}));
  const int64_t D = args.y.dim(1);
  if (D == 0) return check.Error("y", args.y, "at least one column");
  const DType x_dtype = args.x.dtype() == DType::kFloat32 ? DType::kFloat32 : dtype;
  LM_RETURN_IF_ERROR(check.Tensor("x", args.x, x_dtype, args.y.shape()));
  LM_RETURN_IF_ERROR(check.Optional("weight", args.weight, DType::kFloat32, {D}));
  LM_RETURN_IF_ERROR(check.Optional("bias", args.bias, DType::kFloat32, {D}));
  LM_RETURN_IF_ERROR(check.Optional("z", args.z, dtype, args.y.shape()));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return LayerNormCpu(args, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return LayerNormCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
