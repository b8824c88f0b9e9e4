#include "kernels/conv/space_to_depth_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status SpaceToDepthBackward(const ConstTensorView& dy, const TensorView& dx, Stream& stream) {
  const ArgChecker check("space_to_depth_backward", stream.device());
  const DType dtype = dy.dtype();
  LM_RETURN_IF_ERROR(check.Dense("dx", dx, dtype, {-1, -1, -1, -1}));
  const Shape merged = {dx.dim(0), (dx.dim(1) + 1) / 2, (dx.dim(2) + 1) / 2, 4 * dx.dim(3)};
  LM_RETURN_IF_ERROR(check.Dense("dy", dy, dtype, merged));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return SpaceToDepthBackwardCpu(dy, dx, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return SpaceToDepthBackwardCuda(dy, dx, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
