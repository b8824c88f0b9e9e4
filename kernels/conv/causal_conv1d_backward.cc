#include "kernels/conv/causal_conv1d_backward.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/scan/scan_order.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

// Checks one direction; `first` fixes what all directions share.
absl::Status CheckDirection(const ArgChecker& check, const CausalConv1dBackwardDirection& s,
                            const CausalConv1dBackwardDirection& first) {
  const DType dtype = first.x.dtype();
  const int64_t batch = first.x.dim(0);
  const int64_t channels = first.x.dim(2);
  LM_RETURN_IF_ERROR(check.Tensor("x", s.x, dtype, {batch, -1, channels}));
  LM_RETURN_IF_ERROR(
      check.Tensor("weight", s.weight, DType::kFloat32, {channels, first.weight.dim(1)}));
  LM_RETURN_IF_ERROR(check.Optional("bias", s.bias, DType::kFloat32, {channels}));
  LM_RETURN_IF_ERROR(check.Optional("read", s.read, DType::kInt32, {-1}));
  const int64_t length = s.read.empty() ? s.x.dim(1) : s.read.dim(0);
  LM_RETURN_IF_ERROR(check.Tensor("du", s.du, dtype, {batch, length, channels}));

  LM_RETURN_IF_ERROR(check.Optional("dx", s.dx, dtype, s.x.shape()));
  LM_RETURN_IF_ERROR(check.Optional("dweight", s.dweight, DType::kFloat32, s.weight.shape()));
  return check.Optional("dbias", s.dbias, DType::kFloat32, {channels});
}

}  // namespace

absl::Status CausalConv1dBackward(absl::Span<const CausalConv1dBackwardDirection> directions,
                                  Activation activation, Stream& stream) {
  const ArgChecker check("causal_conv1d_backward", stream.device());
  if (directions.empty()) {
    return absl::InvalidArgumentError("causal_conv1d_backward: no directions");
  }
  if (directions.size() > kMaxScanDirections) {
    return absl::UnimplementedError(absl::StrCat("causal_conv1d_backward: ", directions.size(),
                                                 " directions, at most ", kMaxScanDirections));
  }
  const CausalConv1dBackwardDirection& first = directions.front();
  LM_RETURN_IF_ERROR(check.Tensor("x", first.x, first.x.dtype(), {-1, -1, -1}));
  LM_RETURN_IF_ERROR(check.Tensor("weight", first.weight, DType::kFloat32, {-1, -1}));
  if (first.weight.dim(1) < 1 || first.weight.dim(1) > kMaxCausalConvWidth) {
    return check.Error("weight", first.weight,
                       absl::StrCat("a width of 1 to ", kMaxCausalConvWidth));
  }
  for (size_t k = 0; k < directions.size(); ++k) {
    LM_RETURN_IF_ERROR(
        Annotate(CheckDirection(check, directions[k], first), absl::StrCat("direction ", k)));
  }

  if (stream.device().is_cpu() && first.x.dtype() == DType::kFloat32) {
    CausalConv1dBackwardCpu(directions, activation, stream);
    return absl::OkStatus();
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(first.x.dtype())) {
    return CausalConv1dBackwardCuda(directions, activation, stream);
  }
#endif
  return check.Unimplemented(first.x.dtype());
}

}  // namespace localmamba
