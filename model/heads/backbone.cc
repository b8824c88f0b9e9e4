#include "model/heads/backbone.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"

namespace localmamba {
namespace {

// (B, C, H, W) → (B, H, W, C).
absl::StatusOr<Value> ChannelsLast(OpContext& context, const Value& x) {
  const Value map = ops::Reshape(context, x, {x.dim(0), x.dim(1), x.dim(2) * x.dim(3)});
  LM_ASSIGN_OR_RETURN(const Value cells, ops::TransposeTokens(context, map));
  return ops::Reshape(context, cells, {x.dim(0), x.dim(2), x.dim(3), x.dim(1)});
}

FeatureShape ShapeOf(const LocalVimConfig& config, int64_t /*layer*/) {
  return {config.embed_dim, config.patch_size};
}

FeatureShape ShapeOf(const LocalVMambaConfig& config, int64_t stage) {
  return {config.dims[static_cast<size_t>(stage)], config.patch_size << stage};
}

std::unique_ptr<Network> Create(const NetworkConfig& config) {
  absl::StatusOr<std::unique_ptr<Network>> network = CreateNetwork(config);
  LM_CHECK(network.ok());
  return *std::move(network);
}

}  // namespace

std::vector<FeatureShape> FeatureShapes(const NetworkConfig& config) {
  std::vector<FeatureShape> shapes;
  std::visit(
      [&](const auto& family) {
        for (const int64_t index : family.out_indices) shapes.push_back(ShapeOf(family, index));
      },
      config);
  return shapes;
}

Backbone::Backbone(ParameterSet& parameters, const NetworkConfig& config)
    : network_(Create(config)) {
  for (Parameter& own : network_->parameters().parameters()) {
    const Parameter* declared =
        parameters.Declare(absl::StrCat("backbone.", own.name), own.shape, own.init, own.trainable);
    parameters_.emplace_back(declared, &own);
  }
}

absl::Status Backbone::Pack(OpContext& context) {
  for (const auto& [declared, own] : parameters_) own->value = declared->value;
  return network_->Pack(context);
}

absl::StatusOr<std::vector<Value>> Backbone::Forward(OpContext& context, const Value& input,
                                                     const ForwardOptions& options) {
  LM_ASSIGN_OR_RETURN(const NetworkOutput output, network_->Forward(context, input, options));
  std::vector<Value> features;
  for (const Value& feature : output.features) {
    LM_ASSIGN_OR_RETURN(Value map, ChannelsLast(context, feature));
    features.push_back(std::move(map));
  }
  return features;
}

}  // namespace localmamba
