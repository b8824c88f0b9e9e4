// Average precision and recall of COCO, equal to pycocotools (reference H, section 10.1).
#ifndef LOCALMAMBA_MODEL_METRICS_COCO_METRIC_H_
#define LOCALMAMBA_MODEL_METRICS_COCO_METRIC_H_

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/data/coco_data.h"

namespace localmamba {

// What overlaps are measured on.
enum class CocoOverlap : uint8_t { kBoxes, kMasks };

struct CocoOptions {
  CocoOverlap overlap = CocoOverlap::kBoxes;
  // The best detections of an image and category that count; ascending. The official tool's;
  // mmdetection reports recalls at {100, 300, 1000}.
  std::array<int64_t, 3> max_detections = {1, 10, 100};
};

// Fractions; -1 where there is no object to find. Small objects are up to 32 x 32 pixels, large ones
// from 96 x 96.
struct CocoSummary {
  double ap = -1;  // at the limit 100 if max_detections has it; all others but ar at the last limit
  double ap50 = -1;  // at an overlap of 0.5
  double ap75 = -1;
  double ap_small = -1;
  double ap_medium = -1;
  double ap_large = -1;
  std::array<double, 3> ar = {-1, -1, -1};  // at each of max_detections
  double ar_small = -1;
  double ar_medium = -1;
  double ar_large = -1;
  std::map<int64_t, double> ap_per_category;  // of all categories of the ground truth, by id
  std::array<double, 10> ap_per_threshold{};  // at overlaps of 0.5, 0.55, ..., 0.95
};

// Results of categories that the ground truth lacks count nothing. Errors: INVALID_ARGUMENT for a
// result of an unknown image, a mask of another size than the image's, or options that do not
// ascend from 1.
absl::StatusOr<CocoSummary> EvaluateCoco(const CocoGroundTruth& truth,
                                         absl::Span<const CocoResult> results,
                                         const CocoOptions& options);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_METRICS_COCO_METRIC_H_
