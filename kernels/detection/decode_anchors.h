// The candidates that one map of the pyramid gives for proposals: selected anchors, moved.
//
//   boxes[b, i] = DecodeBox(anchor indices[b, i], deltas[b, indices[b, i]], limits[b])
//   y_scores[b, i] = scores[b, i], but -infinity for a box that has no area
//   y_levels[i] = level
//
// Shapes: indices: (B, k), i32, of anchors of `grid`; scores: (B, k); deltas: (B, N, 4) for the
//         N = grid.anchors() anchors; limits: (B, 2), height and width that image b is clipped to;
//         boxes: (B, k, 4) and y_scores: (B, k), whose images may be strided, so that the maps of
//         a pyramid write side by side; y_levels: (k), i32. Deltas are float32, float16 or
//         bfloat16, all other elements float32; all but boxes and y_scores are dense.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree; UNIMPLEMENTED for a dtype that the device lacks.
#ifndef LOCALMAMBA_KERNELS_DETECTION_DECODE_ANCHORS_H_
#define LOCALMAMBA_KERNELS_DETECTION_DECODE_ANCHORS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/detection/anchor_grid.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct DecodeAnchorsArgs {
  AnchorGrid grid;
  int32_t level = 0;  // number of the map
  ConstTensorView indices;
  ConstTensorView scores;
  ConstTensorView deltas;
  ConstTensorView limits;
  TensorView boxes;
  TensorView y_scores;
  TensorView y_levels;
};

absl::Status DecodeAnchors(const DecodeAnchorsArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_DECODE_ANCHORS_H_
