#include "kernels/elementwise/scale_images.h"

#include "kernels/base/status_macros.h"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status ScaleImages(const ConstTensorView& x, const ConstTensorView& factor,
                         const TensorView& y, Stream& stream) {
  const ArgChecker check("scale_images", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("x", x, dtype, {-1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("factor", factor, DType::kFloat32, {x.dim(0)}));
  LM_RETURN_IF_ERROR(check.Tensor("y", y, dtype, x.shape()));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return ScaleImagesCpu(x, factor, y, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return ScaleImagesCuda(x, factor, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
