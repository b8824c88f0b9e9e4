#include "kernels/image/resize_antialiased.h"

#include "kernels/base/status_macros.h"
#include "kernels/image/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status ResizeAntialiased(const ConstTensorView& x, ResizeFilter filter, const TensorView& y,
                               Stream& stream) {
  const ArgChecker check("resize_antialiased", stream.device());
  LM_RETURN_IF_ERROR(check.Tensor("x", x, DType::kUInt8, {-1, -1, -1}));
  const int64_t C = x.dim(2);
  if (C != 1 && C != 3 && C != 4) return check.Error("x", x, "1, 3 or 4 channels");
  if (x.elements() == 0) return check.Error("x", x, "at least one row and one column");
  if (x.dim(1) > 1 && x.stride(1) != C) return check.Error("x", x, "dense pixels in each row");
  LM_RETURN_IF_ERROR(check.Dense("y", y, DType::kUInt8, {-1, -1, C}));
  if (y.elements() == 0) return check.Error("y", y, "at least one row and one column");

  if (stream.device().is_cpu()) return ResizeAntialiasedCpu(x, filter, y, stream);
  return check.Unimplemented(DType::kUInt8);
}

}  // namespace localmamba
