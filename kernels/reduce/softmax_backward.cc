#include "kernels/reduce/softmax_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status SoftmaxBackward(const ConstTensorView& y, const ConstTensorView& dy,
                             const TensorView& dx, Stream& stream) {
  const ArgChecker check("softmax_backward", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("y", y, DType::kFloat32, {-1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("dy", dy, DType::kFloat32, y.shape()));
  LM_RETURN_IF_ERROR(check.Dense("dx", dx, DType::kFloat32, y.shape()));

  if (stream.device().is_cpu()) return SoftmaxBackwardCpu(y, dy, dx, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  return SoftmaxBackwardCuda(y, dy, dx, stream);
#else
  return check.Unimplemented(y.dtype());
#endif
}

}  // namespace localmamba
