#include "kernels/image/normalize_pixels.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/image/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status NormalizePixels(const ConstTensorView& x, const PixelNormalization& normalization,
                             const TensorView& y, Stream& stream) {
  const ArgChecker check("normalize_pixels", stream.device());
  const DType dtype = y.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", x, DType::kUInt8, {-1, -1, -1, 3}));
  LM_RETURN_IF_ERROR(check.Dense("y", y, dtype, {x.dim(0), 3, x.dim(1), x.dim(2)}));
  for (const float std : normalization.std) {
    if (!(std > 0.0F)) {
      return absl::InvalidArgumentError(
          absl::StrCat("normalize_pixels: std is ", std, ", wanted more than 0"));
    }
  }

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return NormalizePixelsCpu(x, normalization, y, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype))
    return NormalizePixelsCuda(x, normalization, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
