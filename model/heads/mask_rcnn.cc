#include "model/heads/mask_rcnn.h"

#include <algorithm>
#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/tensor/check_args.h"
#include "model/autograd/operations.h"

namespace localmamba {
namespace {

// How many of the `capacity` rows the heads have to run on. On the CPU the count of an image alone
// is known when they start, and fewer rows are less work; elsewhere, and for several images, all.
int64_t RowsInUse(const OpContext& context, const Value& counts, int64_t capacity) {
  if (!context.stream.device().is_cpu() || counts.dim(0) != 1) return capacity;
  return std::clamp<int64_t>(counts.tensor().data<int32_t>()[0], 1, capacity);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MaskRcnn>> MaskRcnn::Create(const NetworkConfig& backbone,
                                                           const DetectionConfig& config) {
  LM_RETURN_IF_ERROR(Validate(backbone));
  LM_RETURN_IF_ERROR(Validate(config, backbone));
  return std::unique_ptr<MaskRcnn>(new MaskRcnn(backbone, config));
}

MaskRcnn::MaskRcnn(const NetworkConfig& backbone, const DetectionConfig& config)
    : backbone_(parameters_, backbone),
      neck_(CreateNeck(parameters_, config.neck, FeatureShapes(backbone), config.channels)),
      rpn_head_(parameters_, config),
      box_head_(parameters_, config),
      mask_head_(parameters_, config) {}

absl::Status MaskRcnn::Pack(OpContext& context) {
  LM_RETURN_IF_ERROR(backbone_.Pack(context));
  LM_RETURN_IF_ERROR(neck_->Pack(context));
  LM_RETURN_IF_ERROR(rpn_head_.Pack(context));
  LM_RETURN_IF_ERROR(box_head_.Pack(context));
  return mask_head_.Pack(context);
}

absl::StatusOr<Detections> MaskRcnn::Forward(OpContext& context, const Value& input,
                                             const Value& limits, DetectorStages* stages) {
  const ArgChecker check("detector", context.stream.device());
  LM_RETURN_IF_ERROR(check.Dense("input", input.tensor(), context.dtype, {-1, 3, -1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("limits", limits.tensor(), DType::kFloat32, {input.dim(0), 2}));
  DetectorStages own;
  DetectorStages& at = stages != nullptr ? *stages : own;
  LM_ASSIGN_OR_RETURN(at.features, backbone_.Forward(context, input, ForwardOptions()));
  LM_ASSIGN_OR_RETURN(at.pyramid, neck_->Forward(context, at.features));
  if (stages == nullptr) at.features.clear();  // their memory is free from here on
  LM_ASSIGN_OR_RETURN(at.rpn, rpn_head_.Forward(context, at.pyramid));
  LM_ASSIGN_OR_RETURN(at.proposals, rpn_head_.Propose(context, at.pyramid, at.rpn, limits));
  if (stages == nullptr) at.rpn = {};

  const Value& counts = at.proposals.counts;
  const Value boxes = ops::Slice(context, at.proposals.boxes, 1, 0,
                                 RowsInUse(context, counts, at.proposals.boxes.dim(1)));
  LM_ASSIGN_OR_RETURN(at.box_predictions, box_head_.Forward(context, at.pyramid, boxes, counts));
  LM_ASSIGN_OR_RETURN(ops::KeptBoxes kept,
                      box_head_.Detect(context, at.box_predictions, boxes, counts, limits));

  const int64_t rows = RowsInUse(context, kept.counts, kept.boxes.dim(1));
  LM_ASSIGN_OR_RETURN(
      Value mask_logits,
      mask_head_.Forward(context, at.pyramid, ops::Slice(context, kept.boxes, 1, 0, rows),
                         ops::Slice(context, kept.groups, 1, 0, rows), kept.counts));
  return Detections{std::move(kept.boxes), std::move(kept.scores), std::move(kept.groups),
                    std::move(kept.counts), std::move(mask_logits)};
}

}  // namespace localmamba
