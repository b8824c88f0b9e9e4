#include "kernels/elementwise/insert_token.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status InsertToken(const ConstTensorView& x, const ConstTensorView& token, int64_t position,
                         const TensorView& y, Stream& stream) {
  const ArgChecker check("insert_token", stream.device());
  const DType dtype = x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", x, dtype, {-1, -1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("token", token, dtype, {x.dim(2)}));
  LM_RETURN_IF_ERROR(check.Dense("y", y, dtype, {x.dim(0), x.dim(1) + 1, x.dim(2)}));
  if (position < 0 || position > x.dim(1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("insert_token: position is ", position, ", wanted 0 to ", x.dim(1)));
  }

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return InsertTokenCpu(x, token, position, y, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype))
    return InsertTokenCuda(x, token, position, y, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
