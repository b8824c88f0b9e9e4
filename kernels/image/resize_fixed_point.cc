#include "kernels/image/resize_fixed_point.h"

#include "kernels/base/status_macros.h"
#include "kernels/image/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status ResizeFixedPoint(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("resize_fixed_point", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("x", x, DType::kUInt8, {-1, -1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("y", y, DType::kUInt8, {-1, -1, x.dim(2)}));
  if (x.elements() == 0) return check.Error("x", x, "at least one element");
  if (y.elements() == 0) return check.Error("y", y, "at least one element");
  if (stream.device().is_cpu()) return ResizeFixedPointCpu(x, y, stream);
  return check.Unimplemented(DType::kUInt8);
}

}  // namespace localmamba
