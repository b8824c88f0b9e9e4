// The matching of detections with objects of one image and category, as COCO's evaluation does it.
#ifndef LOCALMAMBA_MODEL_METRICS_COCO_MATCHING_H_
#define LOCALMAMBA_MODEL_METRICS_COCO_MATCHING_H_

#include <array>
#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "model/data/coco_data.h"
#include "model/metrics/coco_metric.h"

namespace localmamba {

inline constexpr size_t kCocoThresholds = 10;

// 0.5, 0.55, ..., 0.95 with the rounding of the official tool.
std::array<double, kCocoThresholds> CocoThresholds();

// Areas in pixels, both ends included.
struct AreaRange {
  double low, high;
};

// Detections, best first, and objects of one image and category.
struct CocoPair {
  std::vector<const CocoResult*> detections;
  std::vector<const CocoObject*> objects;
  std::vector<double> overlaps;  // (detections, objects)
};
CocoPair MakeCocoPair(std::vector<const CocoResult*> detections,
                      std::vector<const CocoObject*> objects, const CocoOptions& options);

// What became of the detections at one threshold: found an object, or counts nothing (found one that
// is ignored, or found none and lies outside the range).
struct CocoMatches {
  std::array<std::vector<bool>, kCocoThresholds> matched;
  std::array<std::vector<bool>, kCocoThresholds> ignored;
  size_t wanted = 0;  // objects that are not ignored
};
CocoMatches MatchCoco(const CocoPair& pair, const AreaRange& range, CocoOverlap overlap);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_METRICS_COCO_MATCHING_H_
