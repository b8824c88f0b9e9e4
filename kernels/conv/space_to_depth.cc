#include "kernels/conv/space_to_depth.h"

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status SpaceToDepth(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("space_to_depth", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", x, dtype, {-1, -1, -1, -1}));
  const Shape merged = {x.dim(0), (x.dim(1) + 1) / 2, (x.dim(2) + 1) / 2, 4 * x.dim(3)};
  LM_RETURN_IF_ERROR(check.Dense("y", y, dtype, merged));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return SpaceToDepthCpu(x, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return SpaceToDepthCuda(x, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
