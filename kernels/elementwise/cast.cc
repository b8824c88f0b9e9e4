#include "kernels/elementwise/cast.h"

#include "kernels/base/status_macros.h"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status Cast(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("cast", stream.device());
  LM_RETURN_IF_ERROR(check.Tensor("x", x, x.dtype(), {-1, -1}));
  LM_RETURN_IF_ERROR(check.Tensor("y", y, y.dtype(), x.shape()));
  if (!IsFloat(x.dtype())) return check.Error("x", x, "a floating-point type");
  if (!IsFloat(y.dtype())) return check.Error("y", y, "a floating-point type");

  if (stream.device().is_cpu()) return CastCpu(x, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  return CastCuda(x, y, stream);
#else
  return check.Unimplemented(x.dtype());
#endif
}

}  // namespace localmamba
