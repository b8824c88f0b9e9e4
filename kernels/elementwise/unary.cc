#include "kernels/elementwise/unary.h"

#include "kernels/base/status_macros.h"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status Unary(UnaryFunction function, const ConstTensorView& x, const TensorView& y,
                   Stream& stream) {
  const ArgChecker check("unary", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", x, dtype, x.shape()));
  LM_RETURN_IF_ERROR(check.Dense("y", y, dtype, x.shape()));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return UnaryCpu(function, x, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return UnaryCuda(function, x, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
