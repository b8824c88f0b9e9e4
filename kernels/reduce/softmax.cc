#include "kernels/reduce/softmax.h"

#include "kernels/base/status_macros.h"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status Softmax(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const ArgChecker check("softmax", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("x", x, DType::kFloat32, {-1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("y", y, DType::kFloat32, x.shape()));

  if (stream.device().is_cpu()) return SoftmaxCpu(x, y, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu()) return SoftmaxCuda(x, y, stream);
#endif
  return check.Unimplemented(x.dtype());
}

}  // namespace localmamba
