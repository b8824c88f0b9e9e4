#include "kernels/elementwise/transpose_tokens.h"

#include "kernels/base/status_macros.h"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status TransposeTokens(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("transpose_tokens", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("x", x, dtype, {-1, -1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("y", y, dtype, {x.dim(0), x.dim(2), x.dim(1)}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return TransposeTokensCpu(x, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return TransposeTokensCuda(x, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
