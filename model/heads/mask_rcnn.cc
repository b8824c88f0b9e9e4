#include "model/heads/mask_rcnn.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
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

absl::Status AddMaps(OpContext& context, absl::string_view name, absl::Span<const Value> maps,
                     NetworkOutput& output) {
  for (size_t i = 0; i < maps.size(); ++i) {
    LM_ASSIGN_OR_RETURN(Value stage, ops::ChannelsFirst(context, maps[i]));
    output.stages.emplace_back(absl::StrCat(name, ".", i), std::move(stage));
  }
  return absl::OkStatus();
}

std::vector<Value> Maps(const Pyramid& pyramid) {
  std::vector<Value> maps;
  for (const ops::PyramidLevel& level : pyramid) maps.push_back(level.map);
  return maps;
}

// Those of the first R proposals.
void AddPredictions(OpContext& context, const Proposals& proposals, const Value& boxes,
                    const BoxPredictions& predictions, NetworkOutput& output) {
  const int64_t R = boxes.dim(1);
  const Shape& deltas = predictions.deltas.shape();
  output.stages.emplace_back("proposals.boxes", boxes);
  output.stages.emplace_back("proposals.scores", ops::Slice(context, proposals.scores, 1, 0, R));
  output.stages.emplace_back("proposals.counts", proposals.counts);
  output.stages.emplace_back("box_head.logits", predictions.logits);
  output.stages.emplace_back(
      "box_head.deltas",
      ops::Reshape(context, predictions.deltas, {deltas[0], R, deltas[2] * deltas[3]}));
}

}  // namespace

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

absl::StatusOr<NetworkOutput> MaskRcnn::Forward(OpContext& context, const Value& input,
                                                const ForwardOptions& options) {
  const ArgChecker check("detector", context.stream.device());
  const Value& limits = options.sizes;
  LM_RETURN_IF_ERROR(check.Dense("input", input.tensor(), context.dtype, {-1, 3, -1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("sizes", limits.tensor(), DType::kFloat32, {input.dim(0), 2}));
  NetworkOutput output;
  LM_ASSIGN_OR_RETURN(std::vector<Value> features, backbone_.Forward(context, input, options));
  LM_ASSIGN_OR_RETURN(const Pyramid pyramid, neck_->Forward(context, features));
  if (options.stages) {
    LM_RETURN_IF_ERROR(AddMaps(context, "backbone", features, output));
    LM_RETURN_IF_ERROR(AddMaps(context, "fpn", Maps(pyramid), output));
  }
  features.clear();  // their memory is free from here on
  LM_ASSIGN_OR_RETURN(const Proposals proposals, FindProposals(context, pyramid, options, output));

  const Value& counts = proposals.counts;
  const Value boxes = ops::Slice(context, proposals.boxes, 1, 0,
                                 RowsInUse(context, counts, proposals.boxes.dim(1)));
  LM_ASSIGN_OR_RETURN(const BoxPredictions predictions,
                      box_head_.Forward(context, pyramid, boxes, counts));
  if (options.stages) AddPredictions(context, proposals, boxes, predictions, output);
  LM_ASSIGN_OR_RETURN(ops::KeptBoxes kept,
                      box_head_.Detect(context, predictions, boxes, counts, limits));

  const int64_t rows = RowsInUse(context, kept.counts, kept.boxes.dim(1));
  LM_ASSIGN_OR_RETURN(
      Value mask_logits,
      mask_head_.Forward(context, pyramid, ops::Slice(context, kept.boxes, 1, 0, rows),
                         ops::Slice(context, kept.groups, 1, 0, rows), kept.counts));
  output.detections.emplace(Detections{std::move(kept.boxes), std::move(kept.scores),
                                       std::move(kept.groups), std::move(kept.counts),
                                       std::move(mask_logits)});
  return output;
}

absl::StatusOr<Proposals> MaskRcnn::FindProposals(OpContext& context, const Pyramid& pyramid,
                                                  const ForwardOptions& options,
                                                  NetworkOutput& output) const {
  LM_ASSIGN_OR_RETURN(const RpnMaps maps, rpn_head_.Forward(context, pyramid));
  if (options.stages) {
    LM_RETURN_IF_ERROR(AddMaps(context, "rpn_cls", maps.logits, output));
    LM_RETURN_IF_ERROR(AddMaps(context, "rpn_reg", maps.deltas, output));
  }
  return rpn_head_.Propose(context, pyramid, maps, options.sizes);
}

}  // namespace localmamba
