#include "kernels/gemm/linear_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/gemm/backends.h"
#include "kernels/reduce/sum_rows.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

// dx and dweight.
absl::Status Products(const ArgChecker& check, const LinearBackwardArgs& args, Stream& stream) {
  const DType dtype = args.dy.dtype();
  if (stream.device().is_cpu() && dtype == DType::kFloat32) return LinearBackwardCpu(args, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return LinearBackwardCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace

absl::Status LinearBackward(const LinearBackwardArgs& args, Stream& stream) {
  const ArgChecker check("linear_backward", stream.device());
  const DType dtype = args.dy.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("dy", args.dy, dtype, {-1, -1}));
  const int64_t M = args.dy.dim(0);
  const int64_t N = args.dy.dim(1);
  if (M == 0 || N == 0) return check.Error("dy", args.dy, "at least one row and one column");
  if (!args.dx.empty()) {
    LM_RETURN_IF_ERROR(check.Dense("weight", args.weight, dtype, {N, -1}));
    const int64_t K = args.weight.dim(1);
    if (K == 0) return check.Error("weight", args.weight, "at least one column");
    LM_RETURN_IF_ERROR(check.Tensor("dx", args.dx, dtype, {M, K}));
    if (args.dx.raw_data() == args.dy.raw_data()) {
      return check.Error("dx", args.dx, "memory apart from dy");
    }
  }
  if (!args.dweight.empty()) {
    LM_RETURN_IF_ERROR(check.Tensor("x", args.x, dtype, {M, -1}));
    const int64_t K = args.x.dim(1);
    if (K == 0) return check.Error("x", args.x, "at least one column");
    LM_RETURN_IF_ERROR(check.Dense("dweight", args.dweight, DType::kFloat32, {N, K}));
  }
  if (!args.dbias.empty()) {
    LM_RETURN_IF_ERROR(check.Dense("dbias", args.dbias, DType::kFloat32, {N}));
    LM_RETURN_IF_ERROR(SumRows(args.dy, args.dbias.Reshape({1, N}), stream));
  }
  if (args.dx.empty() && args.dweight.empty()) return absl::OkStatus();
  return Products(check, args, stream);
}

}  // namespace localmamba
