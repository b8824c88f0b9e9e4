#include "kernels/scan/merge_directions_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/scan/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

// An optional gradient of an argument, which has to be present.
absl::Status CheckGradient(const ArgChecker& check, absl::string_view name, const TensorView& view,
                           const ConstTensorView& argument, const Shape& shape) {
  LM_RETURN_IF_ERROR(check.OptionalDense(name, view, DType::kFloat32, shape));
  if (!view.empty() && argument.empty()) {
    return check.Error(name, view, "no gradient of an absent argument");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MergeDirectionsBackward(const MergeDirectionsBackwardArgs& args, Stream& stream) {
  const ArgChecker check("merge_directions_backward", stream.device());
  const DType dtype = args.dy.dtype();
  LM_RETURN_IF_ERROR(check.Dense("dy", args.dy, dtype, {-1, -1, -1}));
  const int64_t B = args.dy.dim(0);
  const int64_t L = args.dy.dim(1);
  const int64_t D = args.dy.dim(2);
  const bool plain =
      args.channel.empty() && args.local.empty() && args.global.empty() && args.w.empty();
  LM_RETURN_IF_ERROR(check.OptionalDense("o", args.o, dtype, {-1, B, L, D}));
  if (args.o.empty() && !plain) return check.Error("o", args.o, "the outputs of the directions");
  LM_RETURN_IF_ERROR(check.OptionalDense("d_o", args.d_o, dtype, {-1, B, L, D}));
  if (args.o.empty() && args.d_o.empty()) return absl::OkStatus();  // nothing wanted
  const int64_t K = args.o.empty() ? args.d_o.dim(0) : args.o.dim(0);
  if (K == 0) return check.Error("o", args.o, "at least one direction");
  LM_RETURN_IF_ERROR(check.OptionalDense("d_o", args.d_o, dtype, {K, B, L, D}));
  LM_RETURN_IF_ERROR(check.OptionalDense("d_o_in", args.d_o_in, dtype, {K, B, L, D}));
  LM_RETURN_IF_ERROR(check.OptionalDense("channel", args.channel, DType::kFloat32, {K, B, D}));
  if (!args.local.empty() || !args.global.empty()) {
    LM_RETURN_IF_ERROR(check.Dense("local", args.local, DType::kFloat32, {K, B, L}));
    LM_RETURN_IF_ERROR(check.Dense("global", args.global, DType::kFloat32, {K, B}));
  }
  LM_RETURN_IF_ERROR(check.OptionalDense("w", args.w, DType::kFloat32, {K}));
  LM_RETURN_IF_ERROR(CheckGradient(check, "dchannel", args.dchannel, args.channel, {K, B, D}));
  LM_RETURN_IF_ERROR(CheckGradient(check, "dlocal", args.dlocal, args.local, {K, B, L}));
  LM_RETURN_IF_ERROR(CheckGradient(check, "dglobal", args.dglobal, args.global, {K, B}));
  LM_RETURN_IF_ERROR(CheckGradient(check, "dw", args.dw, args.w, {K}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    MergeDirectionsBackwardCpu(args, stream);
    return absl::OkStatus();
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) {
    return MergeDirectionsBackwardCuda(args, stream);
  }
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
