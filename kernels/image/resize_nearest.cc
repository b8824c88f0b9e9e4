#include "kernels/image/resize_nearest.h"

#include "kernels/base/status_macros.h"
#include "kernels/image/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status ResizeNearest(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("resize_nearest", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", x, dtype, {-1, -1, -1, -1}));
  if (x.dim(1) == 0 || x.dim(2) == 0) return check.Error("x", x, "at least one row and one column");
  LM_RETURN_IF_ERROR(check.Dense("y", y, dtype, {x.dim(0), -1, -1, x.dim(3)}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return ResizeNearestCpu(x, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return ResizeNearestCuda(x, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
