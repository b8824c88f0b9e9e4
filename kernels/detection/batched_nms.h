// Greedy non-maximum suppression of many groups of boxes at once: the classes of the detections of
// an image, or the maps of the pyramid that its proposals come from.
//
// Candidate (r, c) of image b belongs to the group row_groups[r] * C + c. It takes part if
// r < row_counts[b], scores[b, r, c] > score_threshold and its box is finite. In descending order of scores, equal ones
// by ascending r * C + c, a candidate is kept unless a kept one of its group overlaps it by more
// than iou_threshold:
//
//   intersection > iou_threshold (area_1 + area_2 - intersection)
//
// Overlaps are computed in float32 on boxes that are shifted by group (m + 1), with the largest
// coordinate m of the image's candidates that take part, as the reference does: the rounding of the
// shift decides close cases.
//
// Shapes: boxes: (B, R, C, 4), dense; scores: (B, R, C), rows may be strided; row_groups: (R), i32,
//         or absent: all 0; row_counts: (B), i32, or absent: all R.
//         The first `count` rows of each image of the results are the kept candidates in their
//         order, at most K of them; the others are 0 (indices: -1).
//         y_boxes: (B, K, 4); y_scores: (B, K); y_groups, indices (r * C + c): (B, K), i32;
//         counts: (B), i32. All dense, K >= 1. Boxes and scores are float32.
//
// Enqueues on `stream` and does not wait.
// Errors: INVALID_ARGUMENT if shapes, dtypes or devices disagree.
#ifndef LOCALMAMBA_KERNELS_DETECTION_BATCHED_NMS_H_
#define LOCALMAMBA_KERNELS_DETECTION_BATCHED_NMS_H_

#include "absl/status/status.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"

namespace localmamba {

struct BatchedNmsArgs {
  ConstTensorView boxes;
  ConstTensorView scores;
  ConstTensorView row_groups;  // optional
  ConstTensorView row_counts;  // optional
  float score_threshold = 0;
  float iou_threshold = 0.5F;
  TensorView y_boxes;
  TensorView y_scores;
  TensorView y_groups;
  TensorView indices;
  TensorView counts;
};

absl::Status BatchedNms(const BatchedNmsArgs& args, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_DETECTION_BATCHED_NMS_H_
