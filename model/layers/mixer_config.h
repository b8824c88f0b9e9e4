// What the mixers of both families are made of.
#ifndef LOCALMAMBA_MODEL_LAYERS_MIXER_CONFIG_H_
#define LOCALMAMBA_MODEL_LAYERS_MIXER_CONFIG_H_

#include <cstdint>
#include <vector>

#include "kernels/scan/scan_order.h"
#include "kernels/tensor/dtype.h"

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

  // K, D, R, R + 2N, and r, the reduced width of the attention.
  [[nodiscard]] int64_t num_directions() const { return static_cast<int64_t>(directions.size()); }
  [[nodiscard]] int64_t d_inner() const { return 2 * width; }
  [[nodiscard]] int64_t dt_rank() const { return (width + 15) / 16; }
  [[nodiscard]] int64_t x_proj_width() const { return dt_rank() + 2 * d_state; }
  [[nodiscard]] int64_t reduced_width() const { return d_inner() / 8; }
  // Zeros to insert after the step part of a projection row, so that rows and their parts B and C
  // start at multiples of 16 bytes, as fast kernels for 16-bit types want.
  [[nodiscard]] int64_t rank_padding(DType dtype) const {
    return dtype == DType::kFloat32 ? 0 : (8 - dt_rank() % 8) % 8;
  }
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_MIXER_CONFIG_H_
