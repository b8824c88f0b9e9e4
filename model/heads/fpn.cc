#include "model/heads/fpn.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/autograd/profiler.h"

namespace localmamba {

Fpn::Fpn(ParameterSet& parameters, std::vector<FeatureShape> features, int64_t channels)
    : features_(std::move(features)) {
  for (size_t i = 0; i < features_.size(); ++i) {
    const int64_t in = features_[i].channels;
    lateral_convs_.emplace_back(parameters, absl::StrCat("neck.lateral_convs.", i, ".conv"), in,
                                channels, 1, MapConv::Bias::kZero, XavierUniform(in, channels));
  }
  for (size_t i = 0; i < features_.size(); ++i) {
    fpn_convs_.emplace_back(parameters, absl::StrCat("neck.fpn_convs.", i, ".conv"), channels,
                            channels, 3, MapConv::Bias::kZero,
                            XavierUniform(channels, channels, 9));
  }
}

absl::Status Fpn::Pack(OpContext& context) {
  for (MapConv& conv : lateral_convs_) LM_RETURN_IF_ERROR(conv.Pack(context));
  for (MapConv& conv : fpn_convs_) LM_RETURN_IF_ERROR(conv.Pack(context));
  return absl::OkStatus();
}

absl::StatusOr<Pyramid> Fpn::Forward(OpContext& context, absl::Span<const Value> features) const {
  const LayerScope layer(context, "neck");
  std::vector<Value> lateral(features.size());
  for (size_t i = features.size(); i-- > 0;) {
    MapConv::Options options;
    if (i + 1 < features.size()) {
      LM_ASSIGN_OR_RETURN(
          options.residual,
          ops::ResizeNearest(context, lateral[i + 1], features[i].dim(1), features[i].dim(2)));
    }
    LM_ASSIGN_OR_RETURN(lateral[i], lateral_convs_[i].Forward(context, features[i], options));
  }
  Pyramid pyramid;
  for (size_t i = 0; i < lateral.size(); ++i) {
    LM_ASSIGN_OR_RETURN(Value map, fpn_convs_[i].Forward(context, lateral[i]));
    pyramid.push_back({std::move(map), static_cast<float>(features_[i].stride)});
  }
  LM_ASSIGN_OR_RETURN(Value coarsest,
                      ops::MaxPool(context, pyramid.back().map, {.size = 1, .stride = 2}));
  pyramid.push_back({std::move(coarsest), 2 * pyramid.back().stride});
  return pyramid;
}

}  // namespace localmamba
