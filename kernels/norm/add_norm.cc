#include "kernels/norm/add_norm.h"

#include "kernels/base/status_macros.h"
#include "kernels/norm/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status AddNorm(const AddNormArgs& args, Stream& stream) {
  const ArgChecker check("add_norm", stream.device());
  const DType dtype = args.hidden.dtype();
  LM_RETURN_IF_ERROR(check.Dense("hidden", args.hidden, dtype, {-1, -1, -1}));
  const Shape& shape = args.hidden.shape();
  const int64_t D = shape[2];
  if (D == 0) return check.Error("hidden", args.hidden, "at least one channel");
  LM_RETURN_IF_ERROR(check.Dense("y", args.y, dtype, shape));
  LM_RETURN_IF_ERROR(check.OptionalDense("residual", args.residual, DType::kFloat32, shape));
  LM_RETURN_IF_ERROR(
      check.OptionalDense("residual_out", args.residual_out, DType::kFloat32, shape));
  LM_RETURN_IF_ERROR(
      check.OptionalDense("rope_cos", args.rope_cos, DType::kFloat32, {shape[1], D}));
  LM_RETURN_IF_ERROR(
      check.OptionalDense("rope_sin", args.rope_sin, DType::kFloat32, {shape[1], D}));
  if (args.rope_cos.empty() != args.rope_sin.empty()) {
    return check.Error("rope_sin", args.rope_sin, "rope_cos and rope_sin, or neither");
  }
  if (!args.rope_cos.empty() && D % 2 != 0) {
    return check.Error("hidden", args.hidden, "an even number of channels to rotate");
  }
  LM_RETURN_IF_ERROR(check.Dense("weight", args.weight, DType::kFloat32, {D}));
  if (args.norm == NormKind::kLayer) {
    LM_RETURN_IF_ERROR(check.Dense("bias", args.bias, DType::kFloat32, {D}));
  } else if (!args.bias.empty()) {
    return check.Error("bias", args.bias, "no bias with an RMS norm");
  }

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return AddNormCpu(args, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return AddNormCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
