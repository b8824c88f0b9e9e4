#include "model/heads/detector_complexity.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/detection/anchor_grid.h"
#include "model/heads/backbone.h"
#include "model/heads/create_model.h"
#include "model/heads/mask_head.h"

namespace localmamba {
namespace {

constexpr int64_t kBoxCells = 7 * 7;
constexpr int64_t kMaskCells = kMaskSize / 2 * (kMaskSize / 2);

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t CellsAt(int64_t height, int64_t width, int64_t stride) {
  return CeilDiv(height, stride) * CeilDiv(width, stride);
}

struct PyramidMacs {
  int64_t neck = 0;
  int64_t cells = 0;  // of all maps
};

PyramidMacs FpnMacs(const std::vector<FeatureShape>& features, int64_t C, int64_t height,
                    int64_t width) {
  PyramidMacs result;
  for (const FeatureShape& feature : features) {
    const int64_t cells = CellsAt(height, width, feature.stride);
    result.neck += cells * C * (feature.channels + 9 * C);
    result.cells += cells;
  }
  result.cells += CellsAt(height, width, 2 * features.back().stride);
  return result;
}

PyramidMacs SimpleFpnMacs(const FeatureShape& feature, int64_t C, int64_t height, int64_t width) {
  const int64_t in = feature.channels;
  const int64_t cells = CellsAt(height, width, feature.stride);
  PyramidMacs result;
  // Transposed convolutions: two of C to C/2 at the map's cells, one of C/2 to C/4 at four times.
  result.neck = 2 * cells * 4 * in * (in / 2) + 4 * cells * 4 * (in / 2) * (in / 4);
  const std::vector<FeatureShape> maps = {{in / 4, feature.stride / 4},
                                          {in / 2, feature.stride / 2},
                                          {in, feature.stride},
                                          {in, 2 * feature.stride}};
  const PyramidMacs convs = FpnMacs(maps, C, height, width);
  result.neck += convs.neck;
  result.cells = convs.cells;
  return result;
}

int64_t BoxMacs(const DetectionConfig& config) {
  const int64_t C = config.channels;
  const int64_t width = config.box_fc_width;
  return config.box_convs * kBoxCells * 9 * C * C + kBoxCells * C * width +
         (config.box_fcs - 1) * width * width + width * (5 * config.num_classes + 1);
}

int64_t MaskMacs(const DetectionConfig& config) {
  const int64_t C = config.channels;
  return kMaskCells * (config.mask_convs * 9 * C * C + 4 * C * C + 4 * C * config.num_classes);
}

int64_t ElementsUnder(const ParameterSet& parameters, const std::string& prefix) {
  int64_t elements = 0;
  for (const Parameter& parameter : parameters.parameters()) {
    if (absl::StartsWith(parameter.name, prefix)) elements += parameter.shape.elements();
  }
  return elements;
}

}  // namespace

absl::StatusOr<Complexity> CountDetectorComplexity(const NetworkConfig& backbone,
                                                   const DetectionConfig& config, int64_t height,
                                                   int64_t width) {
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Network> detector, CreateModel(backbone, config));
  LM_ASSIGN_OR_RETURN(Complexity result, CountComplexity(backbone, height, width));
  for (LayerComplexity& layer : result.layers) layer.name = absl::StrCat("backbone.", layer.name);
  const std::vector<FeatureShape> features = FeatureShapes(backbone);
  const int64_t C = config.channels;
  const PyramidMacs pyramid = config.neck == NeckKind::kFpn
                                  ? FpnMacs(features, C, height, width)
                                  : SimpleFpnMacs(features.front(), C, height, width);
  const auto add = [&](const std::string& name, int64_t macs) {
    const int64_t parameters = ElementsUnder(detector->parameters(), name + ".");
    result.layers.push_back({name, parameters, macs, macs});
    result.total.parameters += parameters;
    result.total.official_macs += macs;
    result.total.macs += macs;
  };
  add("neck", pyramid.neck);
  add("rpn_head", pyramid.cells * C * (config.rpn_convs * 9 * C + 5 * kAnchorsPerCell));
  add("roi_head.bbox_head", config.max_proposals * BoxMacs(config));
  add("roi_head.mask_head", config.max_detections * MaskMacs(config));
  return result;
}

}  // namespace localmamba
