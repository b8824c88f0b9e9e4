#include "model/heads/simple_fpn.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/autograd/profiler.h"

namespace localmamba {

SimpleFpn::SimpleFpn(ParameterSet& parameters, const FeatureShape& feature, int64_t channels)
    : feature_(feature),
      fpn1_first_(parameters, "neck.fpn1.0", feature.channels, feature.channels / 2),
      fpn1_norm_(parameters, "neck.fpn1.1", feature.channels / 2),
      fpn1_second_(parameters, "neck.fpn1.3", feature.channels / 2, feature.channels / 4),
      fpn2_(parameters, "neck.fpn2.0", feature.channels, feature.channels / 2) {
  const int64_t C = feature.channels;
  const std::array<int64_t, 4> widths = {C / 4, C / 2, C, C};
  for (size_t i = 0; i < widths.size(); ++i) {
    const std::string lateral = absl::StrCat("neck.lateral_convs.", i);
    const std::string fpn = absl::StrCat("neck.fpn_convs.", i);
    MapConv lateral_conv(parameters, lateral + ".conv", widths[i], channels, 1,
                         MapConv::Bias::kNone, KaimingNormal(channels, 1));
    NormLayer lateral_norm(parameters, lateral + ".norm_layer", channels);
    MapConv fpn_conv(parameters, fpn + ".conv", channels, channels, 3, MapConv::Bias::kNone,
                     KaimingNormal(channels, 9));
    NormLayer fpn_norm(parameters, fpn + ".norm_layer", channels);
    branches_.push_back({std::move(lateral_conv), std::move(lateral_norm), std::move(fpn_conv),
                         std::move(fpn_norm)});
  }
}

absl::Status SimpleFpn::Pack(OpContext& context) {
  LM_RETURN_IF_ERROR(fpn1_first_.Pack(context));
  LM_RETURN_IF_ERROR(fpn1_norm_.Pack(context));
  LM_RETURN_IF_ERROR(fpn1_second_.Pack(context));
  LM_RETURN_IF_ERROR(fpn2_.Pack(context));
  for (Branch& branch : branches_) {
    LM_RETURN_IF_ERROR(branch.lateral_conv.Pack(context));
    LM_RETURN_IF_ERROR(branch.lateral_norm.Pack(context));
    LM_RETURN_IF_ERROR(branch.fpn_conv.Pack(context));
    LM_RETURN_IF_ERROR(branch.fpn_norm.Pack(context));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Value>> SimpleFpn::Rescale(OpContext& context,
                                                      const Value& feature) const {
  LM_ASSIGN_OR_RETURN(Value finest, fpn1_first_.Forward(context, feature, Activation::kIdentity));
  LM_ASSIGN_OR_RETURN(finest, fpn1_norm_.Forward(context, finest));
  LM_ASSIGN_OR_RETURN(finest, ops::Unary(context, UnaryFunction::kGelu, finest));
  LM_ASSIGN_OR_RETURN(finest, fpn1_second_.Forward(context, finest, Activation::kIdentity));
  LM_ASSIGN_OR_RETURN(Value fine, fpn2_.Forward(context, feature, Activation::kIdentity));
  LM_ASSIGN_OR_RETURN(Value coarse, ops::MaxPool(context, feature, {.size = 2, .stride = 2}));
  return std::vector<Value>{std::move(finest), std::move(fine), feature, std::move(coarse)};
}

absl::StatusOr<Pyramid> SimpleFpn::Forward(OpContext& context,
                                           absl::Span<const Value> features) const {
  const LayerScope layer(context, "neck");
  LM_ASSIGN_OR_RETURN(const std::vector<Value> maps, Rescale(context, features[0]));
  Pyramid pyramid;
  float stride = static_cast<float>(feature_.stride) / 4;
  for (size_t i = 0; i < maps.size(); ++i, stride *= 2) {
    const Branch& branch = branches_[i];
    LM_ASSIGN_OR_RETURN(Value map, branch.lateral_conv.Forward(context, maps[i]));
    LM_ASSIGN_OR_RETURN(map, branch.lateral_norm.Forward(context, map));
    LM_ASSIGN_OR_RETURN(map, branch.fpn_conv.Forward(context, map));
    LM_ASSIGN_OR_RETURN(map, branch.fpn_norm.Forward(context, map));
    pyramid.push_back({std::move(map), stride});
  }
  LM_ASSIGN_OR_RETURN(Value coarsest,
                      ops::MaxPool(context, pyramid.back().map, {.size = 1, .stride = 2}));
  pyramid.push_back({std::move(coarsest), stride});
  return pyramid;
}

}  // namespace localmamba
