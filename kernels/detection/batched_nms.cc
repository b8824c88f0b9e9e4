#include "kernels/detection/batched_nms.h"

#include <cstdint>
#include <limits>

#include "kernels/base/status_macros.h"
#include "kernels/detection/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status BatchedNms(const BatchedNmsArgs& args, Stream& stream) {
  const ArgChecker check("batched_nms", stream.device());
  LM_RETURN_IF_ERROR(check.Dense("boxes", args.boxes, DType::kFloat32, {-1, -1, -1, 4}));
  const int64_t B = args.boxes.dim(0);
  const int64_t R = args.boxes.dim(1);
  if (R * args.boxes.dim(2) > std::numeric_limits<int32_t>::max()) {
    return check.Error("boxes", args.boxes, "fewer than 2^31 candidates an image");
  }
  LM_RETURN_IF_ERROR(
      check.Tensor("scores", args.scores, DType::kFloat32, {B, R, args.boxes.dim(2)}));
  LM_RETURN_IF_ERROR(check.OptionalDense("row_groups", args.row_groups, DType::kInt32, {R}));
  LM_RETURN_IF_ERROR(check.OptionalDense("row_counts", args.row_counts, DType::kInt32, {B}));
  LM_RETURN_IF_ERROR(check.Dense("y_boxes", args.y_boxes, DType::kFloat32, {B, -1, 4}));
  const int64_t K = args.y_boxes.dim(1);
  if (K == 0) return check.Error("y_boxes", args.y_boxes, "at least one row");
  LM_RETURN_IF_ERROR(check.Dense("y_scores", args.y_scores, DType::kFloat32, {B, K}));
  LM_RETURN_IF_ERROR(check.Dense("y_groups", args.y_groups, DType::kInt32, {B, K}));
  LM_RETURN_IF_ERROR(check.Dense("indices", args.indices, DType::kInt32, {B, K}));
  LM_RETURN_IF_ERROR(check.Dense("counts", args.counts, DType::kInt32, {B}));
  if (stream.device().is_cpu()) {
    return BatchedNmsCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu()) return BatchedNmsCuda(args, stream);
#endif
  return check.Unimplemented(DType::kFloat32);
}

}  // namespace localmamba
