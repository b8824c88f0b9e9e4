// The anchors of one map of a feature pyramid: the boxes that a region proposal network moves.
//
//   anchor (y, x, a) = (x s - w_a/2, y s - h_a/2, x s + w_a/2, y s + h_a/2)
//   w_a = s scale / sqrt(ratio_a),  h_a = s scale sqrt(ratio_a)
//
// with the stride s. A cell's anchors are centred at its top left corner; they are neither rounded
// nor clipped. Anchors are numbered row by row, then column by column, then by ratio.
#ifndef LOCALMAMBA_KERNELS_DETECTION_ANCHOR_GRID_H_
#define LOCALMAMBA_KERNELS_DETECTION_ANCHOR_GRID_H_

#include <cmath>
#include <cstdint>

#include "absl/status/status.h"
#include "kernels/base/host_device.h"
#include "kernels/detection/box.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

inline constexpr int64_t kAnchorsPerCell = 3;

struct AnchorShape {
  float scale = 8;
  float ratios[kAnchorsPerCell] = {0.5F, 1.0F, 2.0F};  // height / width, above 0
};

struct AnchorGrid {
  int64_t height = 0;  // of the map
  int64_t width = 0;
  float stride = 1;  // pixels of the image between neighbouring cells
  AnchorShape shape;

  [[nodiscard]] LM_HOST_DEVICE int64_t anchors() const { return height * width * kAnchorsPerCell; }
  [[nodiscard]] LM_HOST_DEVICE Box At(int64_t anchor) const {
    const int64_t cell = anchor / kAnchorsPerCell;
    const float root = std::sqrt(shape.ratios[anchor % kAnchorsPerCell]);
    const float half_width = stride * (1.0F / root) * shape.scale * 0.5F;
    const float half_height = stride * root * shape.scale * 0.5F;
    const float x = static_cast<float>(cell % width) * stride;
    const float y = static_cast<float>(cell / width) * stride;
    return {x - half_width, y - half_height, x + half_width, y + half_height};
  }
};

// Writes all anchors. Shapes (dense, float32): anchors: (grid.anchors(), 4).
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shape, dtype or device disagree.
absl::Status WriteAnchors(const AnchorGrid& grid, const TensorView& anchors, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_ANCHOR_GRID_H_
