#include "kernels/gemm/linear.h"

#include "kernels/base/status_macros.h"
#include "kernels/gemm/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status Linear(const LinearArgs& args, Stream& stream) {
  const ArgChecker check("linear", stream.device());
  const DType dtype = args.x.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("x", args.x, dtype, {-1, -1}));
  const int64_t M = args.x.dim(0);
  const int64_t K = args.x.dim(1);
  LM_RETURN_IF_ERROR(check.Dense("weight", args.weight, dtype, {-1, K}));
  const int64_t N = args.weight.dim(0);
  if (M == 0 || K == 0) return check.Error("x", args.x, "at least one row and one column");
  if (N == 0) return check.Error("weight", args.weight, "at least one row");
  LM_RETURN_IF_ERROR(check.Optional("bias", args.bias, DType::kFloat32, {N}));
  LM_RETURN_IF_ERROR(check.Optional("residual", args.residual, dtype, {M, N}));
  LM_RETURN_IF_ERROR(check.Tensor("y", args.y, dtype, {M, N}));
  if (args.y.raw_data() == args.x.raw_data())
    return check.Error("y", args.y, "memory apart from x");
  if (args.y.raw_data() == args.residual.raw_data() && M > 1 &&
      args.y.stride(0) != args.residual.stride(0)) {
    return check.Error("y", args.y, "the row stride of residual, whose memory it shares");
  }

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return LinearCpu(args, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return LinearCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
