#include "kernels/elementwise/add.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status Add(const ConstTensorView& a, const ConstTensorView& b, const TensorView& y,
                 Stream& stream) {
  const ArgChecker check("add", stream.device());
  const DType dtype = a.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("a", a, dtype, {-1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("b", b, dtype, {-1, a.dim(1)}));
  if (b.dim(0) == 0 || a.dim(0) % b.dim(0) != 0) {
    return check.Error("b", b, absl::StrCat("a number of rows that divides ", a.dim(0)));
  }
  LM_RETURN_IF_ERROR(check.Tensor("y", y, dtype, a.shape()));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return AddCpu(a, b, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return AddCuda(a, b, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
