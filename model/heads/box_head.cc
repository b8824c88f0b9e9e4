#include "model/heads/box_head.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/autograd/profiler.h"
#include "model/layers/map_conv.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {
namespace {

constexpr int64_t kBins = 7;
constexpr DeltaScale kDeltaScale = {0.1F, 0.1F, 0.2F, 0.2F};
constexpr char kPrefix[] = "roi_head.bbox_head.";

std::vector<LinearLayer> MoreFcs(ParameterSet& parameters, const DetectionConfig& config) {
  std::vector<LinearLayer> fcs;
  const int64_t width = config.box_fc_width;
  for (int64_t i = 1; i < config.box_fcs; ++i) {
    fcs.emplace_back(parameters, absl::StrCat(kPrefix, "shared_fcs.", i), width, width,
                     LinearLayer::Bias::kZero, XavierUniform(width, width));
  }
  return fcs;
}

}  // namespace

BoxHead::BoxHead(ParameterSet& parameters, const DetectionConfig& config)
    : config_(config),
      convs_(parameters, absl::StrCat(kPrefix, "shared_convs."), config.box_convs, config.channels,
             config.norm),
      first_weight_parameter_(
          parameters.Declare(absl::StrCat(kPrefix, "shared_fcs.0.weight"),
                             {config.box_fc_width, config.channels * kBins * kBins},
                             XavierUniform(config.channels * kBins * kBins, config.box_fc_width))),
      first_bias_parameter_(parameters.Declare(absl::StrCat(kPrefix, "shared_fcs.0.bias"),
                                               {config.box_fc_width}, {})),
      more_fcs_(MoreFcs(parameters, config)),
      cls_(parameters, absl::StrCat(kPrefix, "fc_cls"), config.box_fc_width, config.num_classes + 1,
           LinearLayer::Bias::kZero, {.kind = Initializer::Kind::kNormal, .scale = 0.01}),
      reg_(parameters, absl::StrCat(kPrefix, "fc_reg"), config.box_fc_width, 4 * config.num_classes,
           LinearLayer::Bias::kZero, {.kind = Initializer::Kind::kNormal, .scale = 0.001}) {}

absl::Status BoxHead::PackFirst(OpContext& context) {
  LM_ASSIGN_OR_RETURN(const Value official,
                      PackParameter(context, *first_weight_parameter_, context.dtype));
  const int64_t width = config_.box_fc_width;
  LM_ASSIGN_OR_RETURN(
      const Value bins_first,
      ops::TransposeTokens(
          context, ops::Reshape(context, official, {width, config_.channels, kBins * kBins})));
  first_weight_ = ops::Reshape(context, bins_first, official.shape());
  LM_ASSIGN_OR_RETURN(first_bias_, PackParameter(context, *first_bias_parameter_, DType::kFloat32));
  return absl::OkStatus();
}

absl::Status BoxHead::Pack(OpContext& context) {
  LM_RETURN_IF_ERROR(convs_.Pack(context));
  LM_RETURN_IF_ERROR(PackFirst(context));
  for (LinearLayer& fc : more_fcs_) LM_RETURN_IF_ERROR(fc.Pack(context, context.dtype));
  LM_RETURN_IF_ERROR(cls_.Pack(context, context.dtype));
  return reg_.Pack(context, context.dtype);
}

absl::StatusOr<BoxPredictions> BoxHead::Forward(OpContext& context, const Pyramid& pyramid,
                                                const Value& boxes, const Value& counts) const {
  const LayerScope layer(context, "roi_head.bbox_head");
  const int64_t B = boxes.dim(0);
  const int64_t R = boxes.dim(1);
  const auto maps = absl::MakeConstSpan(pyramid).first(pyramid.size() - 1);
  LM_ASSIGN_OR_RETURN(Value x, ops::RoiAlign(context, maps, boxes, counts, kBins));
  LM_ASSIGN_OR_RETURN(
      x,
      convs_.Forward(context, ops::Reshape(context, x, {B * R, kBins, kBins, config_.channels})));
  x = ops::Reshape(context, x, {B * R, kBins * kBins * config_.channels});
  LM_ASSIGN_OR_RETURN(
      x, ops::Linear(context, x, first_weight_, first_bias_, {.activation = Activation::kRelu}));
  for (const LinearLayer& fc : more_fcs_) {
    LM_ASSIGN_OR_RETURN(x, fc.Forward(context, x, {.activation = Activation::kRelu}));
  }
  LM_ASSIGN_OR_RETURN(const Value logits, cls_.Forward(context, x));
  LM_ASSIGN_OR_RETURN(const Value deltas, reg_.Forward(context, x));
  return BoxPredictions{ops::Reshape(context, logits, {B, R, config_.num_classes + 1}),
                        ops::Reshape(context, deltas, {B, R, config_.num_classes, 4})};
}

absl::StatusOr<ops::KeptBoxes> BoxHead::Detect(OpContext& context,
                                               const BoxPredictions& predictions,
                                               const Value& boxes, const Value& counts,
                                               const Value& limits) const {
  const LayerScope layer(context, "detections");
  const Shape& shape = predictions.logits.shape();
  LM_ASSIGN_OR_RETURN(const Value logits,
                      ops::Convert(context, predictions.logits, DType::kFloat32));
  LM_ASSIGN_OR_RETURN(
      const Value scores,
      ops::Softmax(context, ops::Reshape(context, logits, {shape[0] * shape[1], shape[2]})));
  LM_ASSIGN_OR_RETURN(const Value decoded,
                      ops::DecodeBoxes(context, boxes, predictions.deltas, kDeltaScale, limits));
  const Value foreground =
      ops::Slice(context, ops::Reshape(context, scores, shape), 2, 0, config_.num_classes);
  return ops::BatchedNms(context, decoded, foreground, {}, counts,
                         {.score_threshold = config_.score_threshold,
                          .iou_threshold = config_.iou_threshold,
                          .capacity = config_.max_detections});
}

}  // namespace localmamba
