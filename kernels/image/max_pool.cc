#include "kernels/image/max_pool.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/image/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status MaxPool(const ConstTensorView& x, const MaxPoolWindow& window, const TensorView& y,
                     Stream& stream) {
  const ArgChecker check("max_pool", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("x", x, DType::kFloat32, {-1, -1, -1, -1}));
  if (window.size < 1 || window.stride < 1 || x.dim(1) < window.size || x.dim(2) < window.size) {
    return check.Error(
        "x", x,
        absl::StrCat("maps no smaller than a window of positive size and stride, not "
                     "size ",
                     window.size, " and stride ", window.stride));
  }
  LM_RETURN_IF_ERROR(
      check.Dense("y", y, DType::kFloat32,
                  {x.dim(0), window.Outputs(x.dim(1)), window.Outputs(x.dim(2)), x.dim(3)}));
  if (stream.device().is_cpu()) return MaxPoolCpu(x, window, y, stream);
  return check.Unimplemented(DType::kFloat32);
}

}  // namespace localmamba
