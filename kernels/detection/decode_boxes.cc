#include "kernels/detection/decode_boxes.h"

#include "kernels/base/status_macros.h"
#include "kernels/detection/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status DecodeBoxes(const DecodeBoxesArgs& args, Stream& stream) {
  const ArgChecker check("decode_boxes", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("boxes", args.boxes, DType::kFloat32, {-1, -1, 4}));
  const int64_t B = args.boxes.dim(0);
  LM_RETURN_IF_ERROR(
      check.Dense("deltas", args.deltas, args.deltas.dtype(), {B, args.boxes.dim(1), -1, 4}));
  LM_RETURN_IF_ERROR(check.Dense("limits", args.limits, DType::kFloat32, {B, 2}));
  LM_RETURN_IF_ERROR(check.Dense("y", args.y, DType::kFloat32, args.deltas.shape()));
  if (stream.device().is_cpu() && args.deltas.dtype() == DType::kFloat32) {
    return DecodeBoxesCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(args.deltas.dtype()))
    return DecodeBoxesCuda(args, stream);
#endif
  return check.Unimplemented(args.deltas.dtype());
}

}  // namespace localmamba
