#include "kernels/norm/layer_norm_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/norm/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status LayerNormBackward(const LayerNormBackwardArgs& args, Stream& stream) {
  const ArgChecker check("layer_norm_backward", stream.device());
  const DType dtype = args.dy.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("dy", args.dy, dtype, {-1, -1}));
  const Shape& shape = args.dy.shape();
  const int64_t D = shape[1];
  if (D == 0) return check.Error("dy", args.dy, "at least one column");
  const DType x_dtype = args.x.dtype() == DType::kFloat32 ? DType::kFloat32 : dtype;
  LM_RETURN_IF_ERROR(check.Tensor("x", args.x, x_dtype, shape));
  LM_RETURN_IF_ERROR(check.Optional("weight", args.weight, DType::kFloat32, {D}));
  LM_RETURN_IF_ERROR(check.Optional("bias", args.bias, DType::kFloat32, {D}));
  LM_RETURN_IF_ERROR(check.Optional("z", args.z, dtype, shape));
  LM_RETURN_IF_ERROR(check.Optional("dx", args.dx, x_dtype, shape));
  LM_RETURN_IF_ERROR(check.Optional("dz", args.dz, dtype, shape));
  if (args.z.empty() && !args.dz.empty()) return check.Error("dz", args.dz, "no dz without z");
  LM_RETURN_IF_ERROR(check.Optional("dweight", args.dweight, DType::kFloat32, {D}));
  LM_RETURN_IF_ERROR(check.Optional("dbias", args.dbias, DType::kFloat32, {D}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return LayerNormBackwardCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return LayerNormBackwardCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
