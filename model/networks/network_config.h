// What a network is made of. Every field maps to a field of localmamba.v1.ModelSpec
// (docs/model-format.md).
#ifndef LOCALMAMBA_MODEL_NETWORKS_NETWORK_CONFIG_H_
#define LOCALMAMBA_MODEL_NETWORKS_NETWORK_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "kernels/norm/add_norm.h"
#include "kernels/scan/scan_order.h"
#include "model/layers/mixer_config.h"

namespace localmamba {

// The eight official candidates: h, h_flip, v, v_flip, w2, w2_flip, w7, w7_flip.
LayerDirections OfficialCandidates();

// Common to both families.
struct ScanConfig {
  std::vector<LayerDirections> directions;  // one entry per layer (per block), in layer order
  bool supernet = false;  // branches are normalised and weighted by softmax(multi_scan.weights)
  AttentionKind attention = AttentionKind::kChannel;
  VerticalReverse vertical_reverse = VerticalReverse::kExact;
  int64_t d_state = 16;

  [[nodiscard]] int64_t depth() const { return static_cast<int64_t>(directions.size()); }
  // The mixer of layer `layer`, whose tokens have `width` channels.
  [[nodiscard]] MixerConfig Mixer(size_t layer, int64_t width) const {
    return {.width = width,
            .directions = directions[layer],
            .supernet = supernet,
            .attention = attention,
            .d_state = d_state};
  }
};

// LocalVim: a plain network on patches (reference §3). depth = scan.directions.size().
struct LocalVimConfig {
  ScanConfig scan;
  int64_t image_height = 224;  // the size the position tables are built for
  int64_t image_width = 224;
  int64_t patch_size = 16;
  int64_t embed_dim = 192;
  int64_t conv_width = 4;           // taps of the causal convolution
  bool middle_class_token = false;  // pooled instead of the mean over tokens
  bool rope = true;
  NormKind norm = NormKind::kRms;
  int64_t num_classes = 1000;        // 0: no head; then out_indices must name layers
  std::vector<int64_t> out_indices;  // layers whose mixer outputs are features, ascending, from 0
};

// LocalVMamba: a hierarchical network (reference §4). sum(depths) = scan.directions.size().
struct LocalVMambaConfig {
  ScanConfig scan;
  int64_t patch_size = 4;
  std::vector<int64_t> dims = {96, 192, 384, 768};
  std::vector<int64_t> depths = {2, 2, 9, 2};
  int64_t num_classes = 1000;
  std::vector<int64_t> out_indices;  // stages whose outputs are features, ascending, from 0
};

using NetworkConfig = std::variant<LocalVimConfig, LocalVMambaConfig>;

// Errors: INVALID_ARGUMENT naming the first field that is out of range, what was found and what was
// wanted.
absl::Status Validate(const LocalVimConfig& config);
absl::Status Validate(const LocalVMambaConfig& config);
absl::Status Validate(const NetworkConfig& config);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_NETWORKS_NETWORK_CONFIG_H_
