#include "kernels/reduce/sum_rows.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status SumRows(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("sum_rows", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("x", x, dtype, {-1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("y", y, DType::kFloat32, {-1, x.dim(1)}));
  if (y.dim(0) == 0 || x.dim(0) % y.dim(0) != 0) {
    return check.Error("y", y, absl::StrCat("a number of rows that divides ", x.dim(0)));
  }

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return SumRowsCpu(x, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return SumRowsCuda(x, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
