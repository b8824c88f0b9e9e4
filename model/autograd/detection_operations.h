// The operations that detectors add to those of operations.h; what is said there holds here too.
//
// What selects boxes passes no gradient on: its results are constants, as in training. The others
// have no backward yet: on a tape that would need one they fail with UNIMPLEMENTED.
#ifndef LOCALMAMBA_MODEL_AUTOGRAD_DETECTION_OPERATIONS_H_
#define LOCALMAMBA_MODEL_AUTOGRAD_DETECTION_OPERATIONS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/detection/anchor_grid.h"
#include "kernels/detection/box.h"
#include "kernels/elementwise/activation.h"
#include "kernels/image/max_pool.h"
#include "model/autograd/op_context.h"
#include "model/autograd/value.h"

namespace localmamba::ops {

// ---- Maps ----

// kernels/conv/transposed_conv2d.h: (B, H, W, C) → (B, k H, k W, O). weight: (k, k, O, C).
absl::StatusOr<Value> TransposedConv2d(OpContext& context, const Value& x, const Value& weight,
                                       const Value& bias, Activation activation);

// kernels/image/max_pool.h: (B, H, W, C) → (B, Ho, Wo, C).
absl::StatusOr<Value> MaxPool(OpContext& context, const Value& x, const MaxPoolWindow& window);

struct PyramidLevel {
  Value map;  // (B, H, W, C)
  float stride = 1;
};

// kernels/detection/roi_align.h: the part of the pyramid under each of the regions (B, R, 4),
// (B, R, bins, bins, C) in the dtype of the maps, of which there is one or more. counts: (B), i32,
// or empty.
absl::StatusOr<Value> RoiAlign(OpContext& context, absl::Span<const PyramidLevel> pyramid,
                               const Value& rois, const Value& counts, int64_t bins);

// kernels/detection/select_class.h: (R, P, C), (R) → (R, P), float32.
absl::StatusOr<Value> SelectClass(OpContext& context, const Value& x, const Value& classes);

// ---- Boxes ----

struct TopElements {
  Value values;   // (M, k), float32
  Value indices;  // (M, k), i32
};

// kernels/reduce/top_k.h, of (M, N) in float32.
absl::StatusOr<TopElements> TopK(OpContext& context, const Value& x, int64_t k);

// Of one map of the pyramid.
struct SelectedAnchors {
  AnchorGrid grid;
  TopElements selected;  // scores and anchors, (B, k)
  Value deltas;          // (B, grid.anchors(), 4)
};

struct CandidateBoxes {
  Value boxes;   // (B, K, 4), K the sum over the maps
  Value scores;  // (B, K)
  Value levels;  // (K), i32: number of the map
};

// kernels/detection/decode_anchors.h, the maps side by side. limits: (B, 2).
absl::StatusOr<CandidateBoxes> DecodeAnchors(OpContext& context,
                                             absl::Span<const SelectedAnchors> maps,
                                             const Value& limits);

// kernels/detection/decode_boxes.h: (B, R, 4), (B, R, C, 4) → (B, R, C, 4).
absl::StatusOr<Value> DecodeBoxes(OpContext& context, const Value& boxes, const Value& deltas,
                                  const DeltaScale& scale, const Value& limits);

struct NmsOptions {
  float score_threshold = 0;
  float iou_threshold = 0.5F;
  int64_t capacity = 1;  // K
};

struct KeptBoxes {
  Value boxes;   // (B, K, 4)
  Value scores;  // (B, K)
  Value groups;  // (B, K), i32
  Value counts;  // (B), i32
};

// kernels/detection/batched_nms.h, of boxes (B, R, C, 4) and scores (B, R, C). row_groups: (R), i32,
// and row_counts: (B), i32, may be empty.
absl::StatusOr<KeptBoxes> BatchedNms(OpContext& context, const Value& boxes, const Value& scores,
                                     const Value& row_groups, const Value& row_counts,
                                     const NmsOptions& options);

}  // namespace localmamba::ops

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_DETECTION_OPERATIONS_H_
