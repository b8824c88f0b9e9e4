// What the mixers of both families are made of.
#ifndef LOCALMAMBA_MODEL_LAYERS_MIXER_CONFIG_H_
#define LOCALMAMBA_MODEL_LAYERS_MIXER_CONFIG_H_

#include <cstdint>
#include <vector>

#include "kernels/scan/scan_order.h"

namespace localmamba {

// SCAttn of a block: none (ablation), the channel branch of the released models (BiAttn), or
// channel and spatial branch as in the paper.
enum class AttentionKind : uint8_t { kNone, kChannel, kChannelSpatial };

// Directions of one layer, in the order of its parameters.
using LayerDirections = std::vector<ScanDirection>;

struct MixerConfig {
  int64_t width = 0;  // channels of the tokens it takes and gives: E or C
  LayerDirections directions;
  bool supernet = false;  // branches are normalised and weighted by softmax(multi_scan.weights)
  AttentionKind attention = AttentionKind::kChannel;
  int64_t d_state = 16;  // N

  [[nodiscard]] int64_t num_directions() const {
    return static_cast<int64_t>(directions.size());
  }                                                                    // K
  [[nodiscard]] int64_t d_inner() const { return 2 * width; }          // D
  [[nodiscard]] int64_t dt_rank() const { return (width + 15) / 16; }  // R
  [[nodiscard]] int64_t x_proj_width() const { return dt_rank() + 2 * d_state; }
  [[nodiscard]] int64_t reduced_width() const { return d_inner() / 8; }  // r of the attention
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_MIXER_CONFIG_H_
