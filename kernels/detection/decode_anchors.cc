#include "kernels/detection/decode_anchors.h"

#include "kernels/base/status_macros.h"
#include "kernels/detection/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status DecodeAnchors(const DecodeAnchorsArgs& args, Stream& stream) {
  const ArgChecker check("decode_anchors", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("indices", args.indices, DType::kInt32, {-1, -1}));
  const int64_t B = args.indices.dim(0);
  const int64_t k = args.indices.dim(1);
  LM_RETURN_IF_ERROR(check.Dense("scores", args.scores, DType::kFloat32, {B, k}));
  LM_RETURN_IF_ERROR(
      check.Dense("deltas", args.deltas, args.deltas.dtype(), {B, args.grid.anchors(), 4}));
  LM_RETURN_IF_ERROR(check.Dense("limits", args.limits, DType::kFloat32, {B, 2}));
  LM_RETURN_IF_ERROR(check.Tensor("boxes", args.boxes, DType::kFloat32, {B, k, 4}));
  if (k > 1 && args.boxes.stride(1) != 4) {
    return check.Error("boxes", args.boxes, "the boxes of an image one after the other");
  }
  LM_RETURN_IF_ERROR(check.Tensor("y_scores", args.y_scores, DType::kFloat32, {B, k}));
  LM_RETURN_IF_ERROR(check.Dense("y_levels", args.y_levels, DType::kInt32, {k}));
  if (stream.device().is_cpu() && args.deltas.dtype() == DType::kFloat32) {
    return DecodeAnchorsCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(args.deltas.dtype()))
    return DecodeAnchorsCuda(args, stream);
#endif
  return check.Unimplemented(args.deltas.dtype());
}

}  // namespace localmamba
