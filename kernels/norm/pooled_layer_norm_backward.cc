#include "kernels/norm/pooled_layer_norm_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/norm/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status PooledLayerNormBackward(const PooledLayerNormBackwardArgs& args, Stream& stream) {
  const ArgChecker check("pooled_layer_norm_backward", stream.device());
  const DType dtype = args.x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", args.x, dtype, {-1, -1, -1}));
  if (args.x.dim(1) == 0 || args.x.dim(2) == 0) {
    return check.Error("x", args.x, "at least one token and one channel");
  }
  const int64_t D = args.x.dim(2);
  LM_RETURN_IF_ERROR(check.Optional("weight", args.weight, DType::kFloat32, {D}));
  LM_RETURN_IF_ERROR(check.Dense("dy", args.dy, DType::kFloat32, {args.x.dim(0), D}));
  LM_RETURN_IF_ERROR(check.OptionalDense("dx", args.dx, dtype, args.x.shape()));
  LM_RETURN_IF_ERROR(check.Optional("dweight", args.dweight, DType::kFloat32, {D}));
  LM_RETURN_IF_ERROR(check.Optional("dbias", args.dbias, DType::kFloat32, {D}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return PooledLayerNormBackwardCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return PooledLayerNormBackwardCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
