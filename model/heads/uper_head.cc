#include "model/heads/uper_head.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/autograd/profiler.h"

namespace localmamba {
namespace {

std::vector<BatchNormConv> DeclareAll(ParameterSet& parameters, const std::string& prefix,
                                      const std::string& suffix, absl::Span<const int64_t> in,
                                      int64_t out, int64_t kernel) {
  std::vector<BatchNormConv> convs;
  for (size_t i = 0; i < in.size(); ++i) {
    convs.emplace_back(parameters, absl::StrCat(prefix, i, suffix), in[i], out, kernel);
  }
  return convs;
}

int64_t Levels(const std::vector<int64_t>& in) { return static_cast<int64_t>(in.size()); }

}  // namespace

UperHead::UperHead(ParameterSet& parameters, const std::string& prefix,
                   const SegmentationConfig& config, const std::vector<int64_t>& in)
    : pool_scales_(config.pool_scales),
      conv_seg_(parameters, prefix + "conv_seg", config.channels, config.num_classes, /*kernel=*/1,
                MapConv::Bias::kZero, kSegmentationInit),
      psp_modules_(DeclareAll(parameters, prefix + "psp_modules.", ".1",
                              std::vector<int64_t>(config.pool_scales.size(), in.back()),
                              config.channels, /*kernel=*/1)),
      bottleneck_(parameters, prefix + "bottleneck",
                  in.back() + static_cast<int64_t>(config.pool_scales.size()) * config.channels,
                  config.channels, /*kernel=*/3),
      lateral_convs_(DeclareAll(parameters, prefix + "lateral_convs.", "",
                                absl::MakeConstSpan(in).first(in.size() - 1), config.channels,
                                /*kernel=*/1)),
      fpn_convs_(DeclareAll(parameters, prefix + "fpn_convs.", "",
                            std::vector<int64_t>(in.size() - 1, config.channels), config.channels,
                            /*kernel=*/3)),
      fpn_bottleneck_(parameters, prefix + "fpn_bottleneck", Levels(in) * config.channels,
                      config.channels, /*kernel=*/3) {}

absl::Status UperHead::Pack(OpContext& context) {
  LM_RETURN_IF_ERROR(conv_seg_.Pack(context));
  for (auto* convs : {&psp_modules_, &lateral_convs_, &fpn_convs_}) {
    for (BatchNormConv& conv : *convs) LM_RETURN_IF_ERROR(conv.Pack(context));
  }
  LM_RETURN_IF_ERROR(bottleneck_.Pack(context));
  return fpn_bottleneck_.Pack(context);
}

absl::StatusOr<Value> UperHead::Pool(OpContext& context, const Value& map) const {
  std::vector<Value> parts = {map};
  for (size_t i = 0; i < pool_scales_.size(); ++i) {
    const LayerScope layer(context, "decode_head.psp_modules.", i);
    LM_ASSIGN_OR_RETURN(const Value pooled,
                        ops::AdaptiveAveragePool(context, map, pool_scales_[i]));
    LM_ASSIGN_OR_RETURN(Value part, psp_modules_[i].Forward(context, pooled));
    parts.push_back(std::move(part));
  }
  const LayerScope layer(context, "decode_head.bottleneck");
  LM_ASSIGN_OR_RETURN(const Value joined,
                      ops::ConcatResized(context, parts, map.dim(1), map.dim(2)));
  return bottleneck_.Forward(context, joined);
}

absl::StatusOr<Value> UperHead::Forward(OpContext& context, absl::Span<const Value> maps) const {
  std::vector<Value> levels(maps.size());
  LM_ASSIGN_OR_RETURN(levels.back(), Pool(context, maps.back()));
  for (size_t i = maps.size() - 1; i-- > 0;) {
    const LayerScope layer(context, "decode_head.lateral_convs.", i);
    LM_ASSIGN_OR_RETURN(const Value lateral, lateral_convs_[i].Forward(context, maps[i]));
    LM_ASSIGN_OR_RETURN(const Value above, ops::ResizeBilinear(context, levels[i + 1],
                                                               lateral.dim(1), lateral.dim(2)));
    LM_ASSIGN_OR_RETURN(levels[i], ops::AddResidual(context, lateral, above));
  }
  for (size_t i = 0; i < fpn_convs_.size(); ++i) {
    const LayerScope layer(context, "decode_head.fpn_convs.", i);
    LM_ASSIGN_OR_RETURN(levels[i], fpn_convs_[i].Forward(context, levels[i]));
  }
  const LayerScope layer(context, "decode_head.fpn_bottleneck");
  LM_ASSIGN_OR_RETURN(const Value joined,
                      ops::ConcatResized(context, levels, levels[0].dim(1), levels[0].dim(2)));
  LM_ASSIGN_OR_RETURN(const Value fused, fpn_bottleneck_.Forward(context, joined));
  return conv_seg_.Forward(context, fused);
}

}  // namespace localmamba
