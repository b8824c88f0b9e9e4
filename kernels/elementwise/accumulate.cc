#include "kernels/elementwise/accumulate.h"

#include "kernels/base/status_macros.h"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status Accumulate(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("accumulate", stream.device());
  LM_RETURN_IF_ERROR(check.Tensor("x", x, x.dtype(), {-1, -1}));
  LM_RETURN_IF_ERROR(check.Tensor("y", y, y.dtype(), x.shape()));
  if (!IsFloat(x.dtype())) return check.Error("x", x, "a floating-point type");
  if (y.dtype() != DType::kFloat32 && y.dtype() != x.dtype()) {
    return check.Error("y", y, "float32 or the dtype of x");
  }

  if (stream.device().is_cpu() && x.dtype() == DType::kFloat32) return AccumulateCpu(x, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu()) return AccumulateCuda(x, y, stream);
#endif
  return check.Unimplemented(x.dtype());
}

}  // namespace localmamba
