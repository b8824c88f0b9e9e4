#include "kernels/scan/merge_directions.h"

#include "kernels/base/status_macros.h"
#include "kernels/scan/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status MergeDirections(const MergeDirectionsArgs& args, Stream& stream) {
  const ArgChecker check("merge_directions", stream.device());
  const DType dtype = args.o.dtype();
  LM_RETURN_IF_ERROR(check.Dense("o", args.o, dtype, {-1, -1, -1, -1}));
  const int64_t directions = args.o.dim(0);
  const int64_t batch = args.o.dim(1);
  const int64_t tokens = args.o.dim(2);
  const int64_t channels = args.o.dim(3);
  if (directions == 0) return check.Error("o", args.o, "at least one direction");
  if (!args.channel.empty()) {
    LM_RETURN_IF_ERROR(
        check.Dense("channel", args.channel, DType::kFloat32, {directions, batch, channels}));
  }
  if (!args.local.empty() || !args.global.empty()) {
    LM_RETURN_IF_ERROR(
        check.Dense("local", args.local, DType::kFloat32, {directions, batch, tokens}));
    LM_RETURN_IF_ERROR(check.Dense("global", args.global, DType::kFloat32, {directions, batch}));
  }
  LM_RETURN_IF_ERROR(check.Optional("w", args.w, DType::kFloat32, {directions}));
  LM_RETURN_IF_ERROR(check.Dense("y", args.y, dtype, {batch, tokens, channels}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    MergeDirectionsCpu(args, stream);
    return absl::OkStatus();
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) {
    return MergeDirectionsCuda(args, stream);
  }
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
