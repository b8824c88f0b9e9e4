#include "kernels/optim/gradient_norm.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/optim/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status GradientNorm(absl::Span<const ConstTensorView> gradients, const TensorView& norm,
                          Stream& stream) {
  const ArgChecker check("gradient_norm", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("norm", norm, DType::kFloat32, Shape()));
  for (size_t i = 0; i < gradients.size(); ++i) {
    LM_RETURN_IF_ERROR(check.Dense(absl::StrCat("gradient ", i), gradients[i], DType::kFloat32,
                                   gradients[i].shape()));
  }

  if (stream.device().is_cpu()) {
    GradientNormCpu(gradients, norm, stream);
    return absl::OkStatus();
  }
#ifdef LOCALMAMBA_WITH_CUDA
  return GradientNormCuda(gradients, norm, stream);
#else
  return check.Unimplemented(DType::kFloat32);
#endif
}

}  // namespace localmamba
