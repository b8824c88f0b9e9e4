#include "kernels/reduce/mean_tokens.h"

#include "kernels/base/status_macros.h"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status MeanTokens(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("mean_tokens", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("x", x, dtype, {-1, -1, -1}));
  if (x.dim(1) == 0) return check.Error("x", x, "at least one token");
  LM_RETURN_IF_ERROR(check.Dense("y", y, dtype, {x.dim(0), x.dim(2)}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return MeanTokensCpu(x, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return MeanTokensCuda(x, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
