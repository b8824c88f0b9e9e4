#include "kernels/elementwise/unary_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status UnaryBackward(UnaryFunction function, const ConstTensorView& x,
                           const ConstTensorView& dy, const TensorView& dx, Stream& stream) {
  const ArgChecker check("unary_backward", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", x, dtype, x.shape()));
  LM_RETURN_IF_ERROR(check.Dense("dy", dy, dtype, x.shape()));
  LM_RETURN_IF_ERROR(check.Dense("dx", dx, dtype, x.shape()));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return UnaryBackwardCpu(function, x, dy, dx, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) {
    return UnaryBackwardCuda(function, x, dy, dx, stream);
  }
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
