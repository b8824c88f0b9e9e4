#include "kernels/image/resize_bicubic.h"

#include "kernels/base/status_macros.h"
#include "kernels/image/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status ResizeBicubic(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("resize_bicubic", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("x", x, DType::kFloat32, {-1, -1, -1}));
  if (x.dim(0) == 0 || x.dim(1) == 0) return check.Error("x", x, "at least one row and one column");
  LM_RETURN_IF_ERROR(check.Dense("y", y, DType::kFloat32, {-1, -1, x.dim(2)}));

  if (stream.device().is_cpu()) return ResizeBicubicCpu(x, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu()) return ResizeBicubicCuda(x, y, stream);
#endif
  return check.Unimplemented(x.dtype());
}

}  // namespace localmamba
