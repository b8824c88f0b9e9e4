// What a head on a backbone is made of. Every field maps to a field of localmamba.v1.ModelSpec
// (docs/model-format.md).
#ifndef LOCALMAMBA_MODEL_HEADS_HEAD_CONFIG_H_
#define LOCALMAMBA_MODEL_HEADS_HEAD_CONFIG_H_

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "model/heads/detection_config.h"
#include "model/networks/network_config.h"

namespace localmamba {

// A second segmentation head, for training: in the weights, unused when serving.
struct FcnHeadConfig {
  int64_t channels = 256;
  int64_t input = 2;  // which of the backbone's features, from 0
};

// Windows that an image is segmented in, in place of the whole image at once. In pixels of the
// resized image; a step is at most a window.
struct SlideConfig {
  int64_t window_height = 512;
  int64_t window_width = 512;
  int64_t step_height = 341;
  int64_t step_width = 341;
};

// UPerNet: a pyramid pooling module and a top-down path over the backbone's features.
struct SegmentationConfig {
  int64_t num_classes = 150;
  int64_t channels = 512;
  std::vector<int64_t> pool_scales = {1, 2, 3, 6};  // bins per side
  std::optional<FcnHeadConfig> auxiliary = {};
  std::optional<SlideConfig> slide = {};
};

// std::monostate: no head but the classifier that a backbone may have.
using HeadConfig = std::variant<std::monostate, SegmentationConfig, DetectionConfig>;

// Whether the head is possible and fits the network, which is valid. Errors: INVALID_ARGUMENT
// naming the field that is out of range, what was found and what was wanted.
absl::Status Validate(const HeadConfig& head, const NetworkConfig& network);

// Of the head if there is one, else of the network's classifier; 0 without either.
int64_t NumClasses(const HeadConfig& head, const NetworkConfig& network);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_HEAD_CONFIG_H_
