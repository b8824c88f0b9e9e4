#include "model/autograd/detection_operations.h"

#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/conv/transposed_conv2d.h"
#include "kernels/detection/batched_nms.h"
#include "kernels/detection/decode_anchors.h"
#include "kernels/detection/decode_boxes.h"
#include "kernels/detection/roi_align.h"
#include "kernels/detection/select_class.h"
#include "kernels/reduce/top_k.h"
#include "model/autograd/new_result.h"
#include "model/autograd/refuse_to_record.h"

namespace localmamba::ops {
namespace {

absl::StatusOr<Value> NewValue(OpContext& context, DType dtype, const Shape& shape) {
  LM_ASSIGN_OR_RETURN(Tensor tensor, NewResult(context, dtype, shape));
  return Value(std::move(tensor));
}

}  // namespace

absl::StatusOr<Value> TransposedConv2d(OpContext& context, const Value& x, const Value& weight,
                                       const Value& bias, Activation activation) {
  LM_RETURN_IF_ERROR(RefuseToRecord(context, "transposed_conv2d", {&x, &weight, &bias}));
  OperationScope operation(context, "transposed_conv2d", x, weight, bias);
  const int64_t k = weight.dim(0);
  LM_ASSIGN_OR_RETURN(Value y, NewValue(context, x.tensor().dtype(),
                                        {x.dim(0), k * x.dim(1), k * x.dim(2), weight.dim(2)}));
  operation.Multiplies(y.tensor().elements() * x.dim(3));
  LM_RETURN_IF_ERROR(localmamba::TransposedConv2d({.x = x.tensor(),
                                                   .weight = weight.tensor(),
                                                   .bias = bias.tensor(),
                                                   .activation = activation,
                                                   .y = y.tensor()},
                                                  context.stream));
  return y;
}

absl::StatusOr<Value> MaxPool(OpContext& context, const Value& x, const MaxPoolWindow& window) {
  LM_RETURN_IF_ERROR(RefuseToRecord(context, "max_pool", {&x}));
  const OperationScope operation(context, "max_pool", x);
  const Shape shape = {x.dim(0), window.Outputs(x.dim(1)), window.Outputs(x.dim(2)), x.dim(3)};
  LM_ASSIGN_OR_RETURN(Value y, NewValue(context, x.tensor().dtype(), shape));
  LM_RETURN_IF_ERROR(localmamba::MaxPool(x.tensor(), window, y.tensor(), context.stream));
  return y;
}

absl::StatusOr<Value> RoiAlign(OpContext& context, absl::Span<const PyramidLevel> pyramid,
                               const Value& rois, const Value& counts, int64_t bins) {
  OperationScope operation(context, "roi_align", rois);
  RoiAlignArgs args;
  for (const PyramidLevel& level : pyramid) {
    LM_RETURN_IF_ERROR(RefuseToRecord(context, "roi_align", {&level.map}));
    operation.Reads(level.map);
    args.maps.push_back({level.map.tensor(), level.stride});
  }
  const Tensor& map = pyramid.front().map.tensor();
  LM_ASSIGN_OR_RETURN(Value y, NewValue(context, map.dtype(),
                                        {rois.dim(0), rois.dim(1), bins, bins, map.dim(3)}));
  args.rois = rois.tensor();
  args.counts = counts.tensor();
  args.y = y.tensor();
  LM_RETURN_IF_ERROR(localmamba::RoiAlign(args, context.stream));
  return y;
}

absl::StatusOr<Value> SelectClass(OpContext& context, const Value& x, const Value& classes) {
  LM_RETURN_IF_ERROR(RefuseToRecord(context, "select_class", {&x}));
  const OperationScope operation(context, "select_class", x, classes);
  LM_ASSIGN_OR_RETURN(Value y, NewValue(context, DType::kFloat32, {x.dim(0), x.dim(1)}));
  LM_RETURN_IF_ERROR(
      localmamba::SelectClass(x.tensor(), classes.tensor(), y.tensor(), context.stream));
  return y;
}

absl::StatusOr<TopElements> TopK(OpContext& context, const Value& x, int64_t k) {
  const OperationScope operation(context, "top_k", x);
  TopElements top;
  LM_ASSIGN_OR_RETURN(top.values, NewValue(context, DType::kFloat32, {x.dim(0), k}));
  LM_ASSIGN_OR_RETURN(top.indices, NewValue(context, DType::kInt32, {x.dim(0), k}));
  LM_RETURN_IF_ERROR(
      localmamba::TopK(x.tensor(), top.values.tensor(), top.indices.tensor(), context.stream));
  return top;
}

absl::StatusOr<CandidateBoxes> DecodeAnchors(OpContext& context,
                                             absl::Span<const SelectedAnchors> maps,
                                             const Value& limits) {
  const OperationScope operation(context, "decode_anchors", limits);
  const int64_t B = limits.dim(0);
  int64_t candidates = 0;
  for (const SelectedAnchors& map : maps) candidates += map.selected.indices.dim(1);
  CandidateBoxes result;
  LM_ASSIGN_OR_RETURN(result.boxes, NewValue(context, DType::kFloat32, {B, candidates, 4}));
  LM_ASSIGN_OR_RETURN(result.scores, NewValue(context, DType::kFloat32, {B, candidates}));
  LM_ASSIGN_OR_RETURN(result.levels, NewValue(context, DType::kInt32, {candidates}));
  int64_t begin = 0;
  for (size_t level = 0; level < maps.size(); ++level) {
    const SelectedAnchors& map = maps[level];
    const int64_t end = begin + map.selected.indices.dim(1);
    LM_RETURN_IF_ERROR(
        localmamba::DecodeAnchors({.grid = map.grid,
                                   .level = static_cast<int32_t>(level),
                                   .indices = map.selected.indices.tensor(),
                                   .scores = map.selected.values.tensor(),
                                   .deltas = map.deltas.tensor(),
                                   .limits = limits.tensor(),
                                   .boxes = result.boxes.tensor().view().Slice(1, begin, end),
                                   .y_scores = result.scores.tensor().view().Slice(1, begin, end),
                                   .y_levels = result.levels.tensor().view().Slice(0, begin, end)},
                                  context.stream));
    begin = end;
  }
  return result;
}

absl::StatusOr<Value> DecodeBoxes(OpContext& context, const Value& boxes, const Value& deltas,
                                  const DeltaScale& scale, const Value& limits) {
  const OperationScope operation(context, "decode_boxes", boxes, deltas);
  LM_ASSIGN_OR_RETURN(Value y, NewValue(context, DType::kFloat32, deltas.shape()));
  LM_RETURN_IF_ERROR(localmamba::DecodeBoxes({.boxes = boxes.tensor(),
                                              .deltas = deltas.tensor(),
                                              .scale = scale,
                                              .limits = limits.tensor(),
                                              .y = y.tensor()},
                                             context.stream));
  return y;
}

absl::StatusOr<KeptBoxes> BatchedNms(OpContext& context, const Value& boxes, const Value& scores,
                                     const Value& row_groups, const Value& row_counts,
                                     const NmsOptions& options) {
  const OperationScope operation(context, "batched_nms", boxes, scores);
  const int64_t B = boxes.dim(0);
  const int64_t K = options.capacity;
  KeptBoxes kept;
  LM_ASSIGN_OR_RETURN(kept.boxes, NewValue(context, DType::kFloat32, {B, K, 4}));
  LM_ASSIGN_OR_RETURN(kept.scores, NewValue(context, DType::kFloat32, {B, K}));
  LM_ASSIGN_OR_RETURN(kept.groups, NewValue(context, DType::kInt32, {B, K}));
  LM_ASSIGN_OR_RETURN(kept.counts, NewValue(context, DType::kInt32, {B}));
  LM_ASSIGN_OR_RETURN(const Value indices, NewValue(context, DType::kInt32, {B, K}));
  LM_RETURN_IF_ERROR(localmamba::BatchedNms({.boxes = boxes.tensor(),
                                             .scores = scores.tensor(),
                                             .row_groups = row_groups.tensor(),
                                             .row_counts = row_counts.tensor(),
                                             .score_threshold = options.score_threshold,
                                             .iou_threshold = options.iou_threshold,
                                             .y_boxes = kept.boxes.tensor(),
                                             .y_scores = kept.scores.tensor(),
                                             .y_groups = kept.groups.tensor(),
                                             .indices = indices.tensor(),
                                             .counts = kept.counts.tensor()},
                                            context.stream));
  return kept;
}

}  // namespace localmamba::ops
