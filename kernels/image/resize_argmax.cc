#include "kernels/image/resize_argmax.h"

#include "kernels/base/status_macros.h"
#include "kernels/image/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status ResizeArgmax(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("resize_argmax", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", x, dtype, {-1, -1, -1, -1}));
  if (x.dim(1) == 0 || x.dim(2) == 0 || x.dim(3) == 0) {
    return check.Error("x", x, "at least one row, one column and one channel");
  }
  LM_RETURN_IF_ERROR(check.Dense("y", y, DType::kInt32, {x.dim(0), -1, -1}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return ResizeArgmaxCpu(x, y, stream);
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
