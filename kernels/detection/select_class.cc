#include "kernels/detection/select_class.h"

#include "kernels/base/status_macros.h"
#include "kernels/detection/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status SelectClass(const ConstTensorView& x, const ConstTensorView& classes,
                         const TensorView& y, Stream& stream) {
  const ArgChecker check("select_class", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("x", x, x.dtype(), {-1, -1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("classes", classes, DType::kInt32, {x.dim(0)}));
  LM_RETURN_IF_ERROR(check.Dense("y", y, DType::kFloat32, {x.dim(0), x.dim(1)}));
  if (stream.device().is_cpu() && x.dtype() == DType::kFloat32) {
    return SelectClassCpu(x, classes, y, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(x.dtype()))
    return SelectClassCuda(x, classes, y, stream);
#endif
  return check.Unimplemented(x.dtype());
}

}  // namespace localmamba
