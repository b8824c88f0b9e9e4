#include "kernels/image/resize_bicubic_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/image/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status ResizeBicubicBackward(const ConstTensorView& dy, const TensorView& dx,
                                   Stream& stream) {
  const ArgChecker check("resize_bicubic_backward", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("dx", dx, DType::kFloat32, {-1, -1, -1}));
  if (dx.dim(0) == 0 || dx.dim(1) == 0) {
    return check.Error("dx", dx, "at least one row and one column");
  }
  LM_RETURN_IF_ERROR(check.Dense("dy", dy, DType::kFloat32, {-1, -1, dx.dim(2)}));

  if (stream.device().is_cpu()) return ResizeBicubicBackwardCpu(dy, dx, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  return ResizeBicubicBackwardCuda(dy, dx, stream);
#else
  return check.Unimplemented(dy.dtype());
#endif
}

}  // namespace localmamba
