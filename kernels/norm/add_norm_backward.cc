#include "kernels/norm/add_norm_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/norm/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status AddNormBackward(const AddNormBackwardArgs& args, Stream& stream) {
  const ArgChecker check("add_norm_backward", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("residual_out", args.residual_out, DType::kFloat32, {-1, -1, -1}));
  const Shape& shape = args.residual_out.shape();
  const int64_t D = shape[2];
  if (D == 0) return check.Error("residual_out", args.residual_out, "at least one channel");
  const Shape table = {shape[1], D};
  LM_RETURN_IF_ERROR(check.OptionalDense("rope_cos", args.rope_cos, DType::kFloat32, table));
  LM_RETURN_IF_ERROR(check.OptionalDense("rope_sin", args.rope_sin, DType::kFloat32, table));
  if (args.rope_cos.empty() != args.rope_sin.empty()) {
    return check.Error("rope_sin", args.rope_sin, "rope_cos and rope_sin, or neither");
  }
  if (!args.rope_cos.empty() && D % 2 != 0) {
    return check.Error("residual_out", args.residual_out, "an even number of channels to rotate");
  }
  LM_RETURN_IF_ERROR(check.Dense("weight", args.weight, DType::kFloat32, {D}));
  const DType dtype = args.dy.empty() ? args.dhidden.dtype() : args.dy.dtype();
  LM_RETURN_IF_ERROR(check.OptionalDense("dy", args.dy, dtype, shape));
  LM_RETURN_IF_ERROR(
      check.OptionalDense("dresidual_out", args.dresidual_out, DType::kFloat32, shape));
  LM_RETURN_IF_ERROR(check.OptionalDense("dhidden", args.dhidden, dtype, shape));
  LM_RETURN_IF_ERROR(check.OptionalDense("dresidual", args.dresidual, DType::kFloat32, shape));
  LM_RETURN_IF_ERROR(check.OptionalDense("dweight", args.dweight, DType::kFloat32, {D}));
  LM_RETURN_IF_ERROR(check.OptionalDense("dbias", args.dbias, DType::kFloat32, {D}));
  if (args.norm == NormKind::kRms && !args.dbias.empty()) {
    return check.Error("dbias", args.dbias, "no bias with an RMS norm");
  }

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return AddNormBackwardCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return AddNormBackwardCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
