#include "model/heads/segmenter_complexity.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/heads/create_model.h"

namespace localmamba {
namespace {

struct Feature {
  int64_t channels;
  int64_t cells;
};

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

std::vector<Feature> Features(const LocalVimConfig& config, int64_t height, int64_t width) {
  const int64_t cells = CeilDiv(height, config.patch_size) * CeilDiv(width, config.patch_size);
  return std::vector<Feature>(config.out_indices.size(), {config.embed_dim, cells});
}

std::vector<Feature> Features(const LocalVMambaConfig& config, int64_t height, int64_t width) {
  std::vector<Feature> features;
  for (const int64_t stage : config.out_indices) {
    const int64_t step = int64_t{1} << stage;
    features.push_back(
        {config.dims[static_cast<size_t>(stage)],
         CeilDiv(height / config.patch_size, step) * CeilDiv(width / config.patch_size, step)});
  }
  return features;
}

int64_t TrainableElementsUnder(const ParameterSet& parameters, const std::string& prefix) {
  int64_t elements = 0;
  for (const Parameter& parameter : parameters.parameters()) {
    if (parameter.trainable && absl::StartsWith(parameter.name, prefix)) {
      elements += parameter.shape.elements();
    }
  }
  return elements;
}

}  // namespace

absl::StatusOr<Complexity> CountSegmenterComplexity(const NetworkConfig& backbone,
                                                    const SegmentationConfig& config,
                                                    int64_t height, int64_t width) {
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Network> model, CreateModel(backbone, config));
  LM_ASSIGN_OR_RETURN(Complexity result, CountComplexity(backbone, height, width));
  for (LayerComplexity& layer : result.layers) layer.name = absl::StrCat("backbone.", layer.name);
  const std::vector<Feature> features =
      std::visit([&](const auto& family) { return Features(family, height, width); }, backbone);
  const auto add = [&](const std::string& name, int64_t macs) {
    const int64_t parameters = TrainableElementsUnder(model->parameters(), name + ".");
    result.layers.push_back({name, parameters, macs, macs});
    result.total.parameters += parameters;
    result.total.official_macs += macs;
    result.total.macs += macs;
  };

  const int64_t C = config.channels;
  const Feature& finest = features.front();
  const Feature& coarsest = features.back();
  int64_t pooled_cells = 0;
  for (const int64_t bins : config.pool_scales) pooled_cells += bins * bins;
  const auto pools = static_cast<int64_t>(config.pool_scales.size());
  int64_t lateral = 0;
  int64_t smoothing = 0;
  for (size_t i = 0; i + 1 < features.size(); ++i) {
    lateral += features[i].cells * features[i].channels * C;
    smoothing += features[i].cells * 9 * C * C;
  }
  add("decode_head.psp_modules", pooled_cells * coarsest.channels * C);
  add("decode_head.bottleneck", coarsest.cells * 9 * (coarsest.channels + pools * C) * C);
  add("decode_head.lateral_convs", lateral);
  add("decode_head.fpn_convs", smoothing);
  add("decode_head.fpn_bottleneck",
      finest.cells * 9 * static_cast<int64_t>(features.size()) * C * C);
  add("decode_head.conv_seg", finest.cells * C * config.num_classes);
  if (config.auxiliary.has_value()) add("auxiliary_head", 0);
  return result;
}

}  // namespace localmamba
