#include "model/heads/backbone.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

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
  ForwardOptions backbone_options = options;
  backbone_options.channels_last_features = true;
  LM_ASSIGN_OR_RETURN(NetworkOutput output, network_->Forward(context, input, backbone_options));
  return std::move(output.features);
}

}  // namespace localmamba
