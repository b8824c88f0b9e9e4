#include "kernels/reduce/mean_tokens_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status MeanTokensBackward(const ConstTensorView& dy, const TensorView& dx, Stream& stream) {
  const ArgChecker check("mean_tokens_backward", stream.device());
  const DType dtype = dy.dtype();
  LM_RETURN_IF_ERROR(check.Dense("dy", dy, dtype, {-1, -1}));
  LM_RETURN_IF_ERROR(check.Tensor("dx", dx, dtype, {dy.dim(0), -1, dy.dim(1)}));
  if (dx.dim(1) == 0) return check.Error("dx", dx, "at least one token");

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return MeanTokensBackwardCpu(dy, dx, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return MeanTokensBackwardCuda(dy, dx, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
