#include "kernels/image/max_pool.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/image/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status MaxPool(const ConstTensorView& x, const MaxPoolWindow& window, const TensorView& y,
                     Stream& stream) {
  const ArgChecker check("max_pool", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", x, dtype, {-1, -1, -1, -1}));
  if (window.size < 1 || window.stride < 1 || x.dim(1) < window.size || x.dim(2) < window.size) {
    return check.Error(
        "x", x,
        absl::StrCat("maps no smaller than a window of positive size and stride, not "
                     "size ",
                     window.size, " and stride ", window.stride));
  }
  LM_RETURN_IF_ERROR(
      check.Dense("y", y, dtype,
                  {x.dim(0), window.Outputs(x.dim(1)), window.Outputs(x.dim(2)), x.dim(3)}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return MaxPoolCpu(x, window, y, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return MaxPoolCuda(x, window, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
