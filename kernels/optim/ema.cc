#include "kernels/optim/ema.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/optim/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status UpdateEma(absl::Span<const EmaTensor> tensors, double decay, Stream& stream) {
  const ArgChecker check("ema", stream.device());
  if (!(decay >= 0.0 && decay <= 1.0)) {
    return absl::InvalidArgumentError(absl::StrCat("ema: decay is ", decay, ", wanted 0 to 1"));
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    LM_RETURN_IF_ERROR(check.Dense(absl::StrCat("value ", i), tensors[i].value, DType::kFloat32,
                                   tensors[i].value.shape()));
    LM_RETURN_IF_ERROR(check.Dense(absl::StrCat("average ", i), tensors[i].average, DType::kFloat32,
                                   tensors[i].value.shape()));
  }

  if (stream.device().is_cpu()) {
    UpdateEmaCpu(tensors, decay, stream);
    return absl::OkStatus();
  }
#ifdef LOCALMAMBA_WITH_CUDA
  return UpdateEmaCuda(tensors, decay, stream);
#else
  return check.Unimplemented(DType::kFloat32);
#endif
}

}  // namespace localmamba
