#include "kernels/reduce/top_k.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status TopK(const ConstTensorView& x, const TensorView& values, const TensorView& indices,
                  Stream& stream) {
  const ArgChecker check("top_k", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("x", x, DType::kFloat32, {-1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("values", values, DType::kFloat32, {x.dim(0), -1}));
  if (values.dim(1) < 1 || values.dim(1) > x.dim(1)) {
    return check.Error("values", values, absl::StrCat("1 to ", x.dim(1), " columns"));
  }
  LM_RETURN_IF_ERROR(check.Dense("indices", indices, DType::kInt32, values.shape()));

  if (stream.device().is_cpu()) return TopKCpu(x, values, indices, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu()) return TopKCuda(x, values, indices, stream);
#endif
  return check.Unimplemented(x.dtype());
}

}  // namespace localmamba
