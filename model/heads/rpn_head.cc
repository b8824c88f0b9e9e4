#include "model/heads/rpn_head.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/autograd/profiler.h"

namespace localmamba {
namespace {

constexpr Initializer kSmall = {.kind = Initializer::Kind::kNormal, .scale = 0.01};

std::vector<MapConv> Convs(ParameterSet& parameters, const DetectionConfig& config) {
  std::vector<MapConv> convs;
  for (int64_t i = 0; i < config.rpn_convs; ++i) {
    // One convolution is a plain one in the official code, several are modules.
    const std::string name = config.rpn_convs == 1 ? "rpn_head.rpn_conv"
                                                   : absl::StrCat("rpn_head.rpn_conv.", i, ".conv");
    convs.emplace_back(parameters, name, config.channels, config.channels, 3, MapConv::Bias::kZero,
                       kSmall);
  }
  return convs;
}

}  // namespace

RpnHead::RpnHead(ParameterSet& parameters, const DetectionConfig& config)
    : config_(config),
      convs_(Convs(parameters, config)),
      cls_(parameters, "rpn_head.rpn_cls", config.channels, kAnchorsPerCell, 1,
           MapConv::Bias::kZero, kSmall),
      reg_(parameters, "rpn_head.rpn_reg", config.channels, 4 * kAnchorsPerCell, 1,
           MapConv::Bias::kZero, kSmall) {}

absl::Status RpnHead::Pack(OpContext& context) {
  for (MapConv& conv : convs_) LM_RETURN_IF_ERROR(conv.Pack(context));
  LM_RETURN_IF_ERROR(cls_.Pack(context));
  return reg_.Pack(context);
}

absl::StatusOr<RpnMaps> RpnHead::Forward(OpContext& context, const Pyramid& pyramid) const {
  const LayerScope layer(context, "rpn_head");
  RpnMaps maps;
  for (const ops::PyramidLevel& level : pyramid) {
    Value x = level.map;
    for (const MapConv& conv : convs_) {
      LM_ASSIGN_OR_RETURN(x, conv.Forward(context, x, Activation::kRelu));
    }
    LM_ASSIGN_OR_RETURN(Value logits, cls_.Forward(context, x));
    LM_ASSIGN_OR_RETURN(Value deltas, reg_.Forward(context, x));
    maps.logits.push_back(std::move(logits));
    maps.deltas.push_back(std::move(deltas));
  }
  return maps;
}

absl::StatusOr<Proposals> RpnHead::Propose(OpContext& context, const Pyramid& pyramid,
                                           const RpnMaps& maps, const Value& limits) const {
  const LayerScope layer(context, "proposals");
  const int64_t B = limits.dim(0);
  std::vector<ops::SelectedAnchors> selected;
  for (size_t i = 0; i < pyramid.size(); ++i) {
    const AnchorGrid grid{.height = pyramid[i].map.dim(1),
                          .width = pyramid[i].map.dim(2),
                          .stride = pyramid[i].stride};
    LM_ASSIGN_OR_RETURN(const Value logits,
                        ops::Convert(context, maps.logits[i], DType::kFloat32));
    LM_ASSIGN_OR_RETURN(const Value scores,
                        ops::Unary(context, UnaryFunction::kSigmoid, logits));
    LM_ASSIGN_OR_RETURN(ops::TopElements best,
                        ops::TopK(context, ops::Reshape(context, scores, {B, grid.anchors()}),
                                  std::min(config_.proposal_candidates, grid.anchors())));
    selected.push_back(
        {grid, std::move(best), ops::Reshape(context, maps.deltas[i], {B, grid.anchors(), 4})});
  }
  LM_ASSIGN_OR_RETURN(const ops::CandidateBoxes candidates,
                      ops::DecodeAnchors(context, selected, limits));
  const int64_t K = candidates.scores.dim(1);
  LM_ASSIGN_OR_RETURN(
      ops::KeptBoxes kept,
      ops::BatchedNms(context, ops::Reshape(context, candidates.boxes, {B, K, 1, 4}),
                      ops::Reshape(context, candidates.scores, {B, K, 1}), candidates.levels, {},
                      {.score_threshold = -std::numeric_limits<float>::infinity(),
                       .iou_threshold = config_.proposal_iou,
                       .capacity = config_.max_proposals}));
  return Proposals{std::move(kept.boxes), std::move(kept.scores), std::move(kept.counts)};
}

}  // namespace localmamba
