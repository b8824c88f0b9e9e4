// What every engine asks of its input.
#ifndef LOCALMAMBA_MODEL_ENGINE_CHECK_ENGINE_INPUT_H_
#define LOCALMAMBA_MODEL_ENGINE_CHECK_ENGINE_INPUT_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

// Errors: INVALID_ARGUMENT unless `input` is as Engine::Run wants it.
inline absl::Status CheckEngineInput(const ConstTensorView& input) {
  const bool pixels = input.dtype() == DType::kUInt8;
  const bool fits = !input.empty() && input.device().is_cpu() && input.rank() == 4 &&
                    input.IsDense() && input.elements() > 0 && input.dim(pixels ? 3 : 1) == 3 &&
                    (pixels || input.dtype() == DType::kFloat32);
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("engine input is ", Describe(input),
                   ", wanted f32 [batch,3,height,width] or u8 [batch,height,width,3] on cpu"));
}

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_CHECK_ENGINE_INPUT_H_
