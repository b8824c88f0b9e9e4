#include "kernels/scan/selective_scan_backward.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "kernels/scan/backends.h"
#include "kernels/scan/scan_order.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

using Direction = SelectiveScanBackwardDirection;

// Checks the forward's operands of one direction; `first` fixes what all directions share.
absl::Status CheckOperands(const ArgChecker& check, const Direction& s, const Direction& first) {
  const DType dtype = first.u.dtype();
  LM_RETURN_IF_ERROR(check.Tensor("u", s.u, dtype, {first.u.dim(0), -1, first.u.dim(2)}));
  const int64_t batch = s.u.dim(0);
  const int64_t rows = s.u.dim(1);
  const int64_t channels = s.u.dim(2);

  LM_RETURN_IF_ERROR(check.Tensor("A", s.A, DType::kFloat32, {channels, first.A.dim(1)}));
  const int64_t states = s.A.dim(1);
  LM_RETURN_IF_ERROR(check.Tensor("B", s.B, dtype, {batch, rows, states}));
  LM_RETURN_IF_ERROR(check.Tensor("C", s.C, dtype, {batch, rows, states}));
  if (first.delta_weight.empty()) {
    if (!s.delta_weight.empty()) return check.Error("delta_weight", s.delta_weight, "none");
    LM_RETURN_IF_ERROR(check.Tensor("delta", s.delta, dtype, {batch, rows, channels}));
  } else {
    const Shape shape = {channels, first.delta_weight.dim(1)};
    LM_RETURN_IF_ERROR(check.Tensor("delta_weight", s.delta_weight, dtype, shape));
    LM_RETURN_IF_ERROR(check.Tensor("delta", s.delta, dtype, {batch, rows, shape[1]}));
  }
  LM_RETURN_IF_ERROR(check.Optional("delta_bias", s.delta_bias, DType::kFloat32, {channels}));
  LM_RETURN_IF_ERROR(check.Optional("D", s.D, DType::kFloat32, {channels}));

  LM_RETURN_IF_ERROR(check.Optional("read", s.read, DType::kInt32, {-1}));
  const int64_t length = s.read.empty() ? rows : s.read.dim(0);
  LM_RETURN_IF_ERROR(check.Optional("z_read", s.z_read, DType::kInt32, {length}));
  LM_RETURN_IF_ERROR(check.Optional("write", s.write, DType::kInt32, {length}));
  LM_RETURN_IF_ERROR(
      check.Tensor("dy", s.dy, dtype, {batch, s.write.empty() ? length : -1, channels}));
  LM_RETURN_IF_ERROR(check.Optional("z", s.z, dtype, {batch, s.dy.dim(1), channels}));
  if (!s.z.empty() && s.z_read.empty() && s.z.dim(1) != length) {
    return check.Error("z", s.z, absl::StrCat(length, " rows, as there is no z_read"));
  }
  return absl::OkStatus();
}

absl::Status CheckGradients(const ArgChecker& check, const Direction& s) {
  const DType dtype = s.u.dtype();
  LM_RETURN_IF_ERROR(check.Optional("du", s.du, dtype, s.u.shape()));
  LM_RETURN_IF_ERROR(check.Optional("dstep", s.dstep, dtype, s.u.shape()));
  LM_RETURN_IF_ERROR(check.Optional("dB", s.dB, dtype, s.B.shape()));
  LM_RETURN_IF_ERROR(check.Optional("dC", s.dC, dtype, s.C.shape()));
  if (s.z.empty() && !s.dz.empty()) return check.Error("dz", s.dz, "none, as there is no z");
  LM_RETURN_IF_ERROR(check.Optional("dz", s.dz, dtype, s.z.shape()));
  LM_RETURN_IF_ERROR(check.Optional("dA", s.dA, DType::kFloat32, s.A.shape()));
  if (s.D.empty() && !s.dD.empty()) return check.Error("dD", s.dD, "none, as there is no D");
  LM_RETURN_IF_ERROR(check.Optional("dD", s.dD, DType::kFloat32, s.D.shape()));
  return check.Optional("ddelta_bias", s.ddelta_bias, DType::kFloat32, {s.u.dim(2)});
}

absl::Status CheckDirection(const ArgChecker& check, const Direction& s, const Direction& first) {
  LM_RETURN_IF_ERROR(CheckOperands(check, s, first));
  return CheckGradients(check, s);
}

}  // namespace

absl::Status SelectiveScanBackward(absl::Span<const SelectiveScanBackwardDirection> directions,
                                   const SelectiveScanOptions& options, Stream& stream) {
  const ArgChecker check("selective_scan_backward", stream.device());
  if (directions.empty()) {
    return absl::InvalidArgumentError("selective_scan_backward: no directions");
  }
  if (directions.size() > kMaxScanDirections) {
    return absl::UnimplementedError(absl::StrCat("selective_scan_backward: ", directions.size(),
                                                 " directions, at most ", kMaxScanDirections));
  }
  const Direction& first = directions.front();
  LM_RETURN_IF_ERROR(check.Tensor("u", first.u, first.u.dtype(), {-1, -1, -1}));
  LM_RETURN_IF_ERROR(check.Tensor("A", first.A, DType::kFloat32, {-1, -1}));
  if (!first.delta_weight.empty()) {
    LM_RETURN_IF_ERROR(check.Tensor("delta_weight", first.delta_weight, first.u.dtype(), {-1, -1}));
    if (first.delta_weight.dim(1) == 0) {
      return check.Error("delta_weight", first.delta_weight, "at least one column");
    }
  }
  if (first.A.dim(1) > kMaxDState) {
    return absl::UnimplementedError(
        absl::StrCat("selective_scan_backward: N = ", first.A.dim(1), ", at most ", kMaxDState));
  }
  for (size_t k = 0; k < directions.size(); ++k) {
    LM_RETURN_IF_ERROR(
        Annotate(CheckDirection(check, directions[k], first), absl::StrCat("direction ", k)));
  }

  if (stream.device().is_cpu() && first.u.dtype() == DType::kFloat32) {
    SelectiveScanBackwardCpu(directions, options, stream);
    return absl::OkStatus();
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(first.u.dtype())) {
    return SelectiveScanBackwardCuda(directions, options, stream);
  }
#endif
  return check.Unimplemented(first.u.dtype());
}

}  // namespace localmamba
