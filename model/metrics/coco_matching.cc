#include "model/metrics/coco_matching.h"

#include <algorithm>
#include <utility>

namespace localmamba {
namespace {

double BoxOverlap(const CocoBox& detection, const CocoBox& object, bool crowd) {
  const double width = std::min(detection[0] + detection[2], object[0] + object[2]) -
                       std::max(detection[0], object[0]);
  const double height = std::min(detection[1] + detection[3], object[1] + object[3]) -
                        std::max(detection[1], object[1]);
  if (width <= 0 || height <= 0) return 0;
  const double intersection = width * height;
  const double area = detection[2] * detection[3];
  return intersection / (crowd ? area : area + object[2] * object[3] - intersection);
}

bool Touch(const PixelBox& a, const PixelBox& b) {
  return std::min(a.x + a.width, b.x + b.width) > std::max(a.x, b.x) &&
         std::min(a.y + a.height, b.y + b.height) > std::max(a.y, b.y);
}

double MaskOverlap(const RunLengths& detection, const RunLengths& object, bool crowd) {
  if (!Touch(BoundingBox(detection), BoundingBox(object))) return 0;
  const auto intersection = static_cast<double>(IntersectionArea(detection, object));
  if (intersection == 0) return 0;
  const auto area = static_cast<double>(Area(detection));
  return intersection / (crowd ? area : area + static_cast<double>(Area(object)) - intersection);
}

double Overlap(const CocoResult& detection, const CocoObject& object, CocoOverlap overlap) {
  return overlap == CocoOverlap::kBoxes ? BoxOverlap(detection.box, object.box, object.crowd)
                                        : MaskOverlap(detection.mask, object.mask, object.crowd);
}

double AreaOf(const CocoResult& detection, CocoOverlap overlap) {
  return overlap == CocoOverlap::kBoxes ? detection.box[2] * detection.box[3]
                                        : static_cast<double>(Area(detection.mask));
}

bool IsOutside(double area, const AreaRange& range) {
  return area < range.low || area > range.high;
}

constexpr size_t kNone = static_cast<size_t>(-1);

// The object that detection d takes at a threshold, or kNone. order: indices of objects, those that
// are ignored last.
size_t FindObject(const CocoPair& pair, size_t d, double threshold,
                  const std::vector<size_t>& order, const std::vector<bool>& ignored,
                  const std::vector<bool>& taken) {
  double best = std::min(threshold, 1 - 1e-10);
  size_t match = kNone;
  for (const size_t o : order) {
    if (taken[o] && !pair.objects[o]->crowd) continue;
    if (match != kNone && !ignored[match] && ignored[o]) break;
    const double overlap = pair.overlaps[d * pair.objects.size() + o];
    if (overlap < best) continue;
    best = overlap;
    match = o;
  }
  return match;
}

}  // namespace

std::array<double, kCocoThresholds> CocoThresholds() {
  std::array<double, kCocoThresholds> thresholds{};
  constexpr double kStep = (0.95 - 0.5) / 9;
  for (size_t i = 0; i + 1 < kCocoThresholds; ++i) {
    thresholds[i] = 0.5 + static_cast<double>(i) * kStep;
  }
  thresholds.back() = 0.95;
  return thresholds;
}

CocoPair MakeCocoPair(std::vector<const CocoResult*> detections,
                      std::vector<const CocoObject*> objects, const CocoOptions& options) {
  std::stable_sort(detections.begin(), detections.end(),
                   [](const CocoResult* a, const CocoResult* b) { return a->score > b->score; });
  const auto most = static_cast<size_t>(options.max_detections.back());
  if (detections.size() > most) detections.resize(most);
  CocoPair pair{std::move(detections), std::move(objects), {}};
  for (const CocoResult* detection : pair.detections) {
    for (const CocoObject* object : pair.objects) {
      pair.overlaps.push_back(Overlap(*detection, *object, options.overlap));
    }
  }
  return pair;
}

CocoMatches MatchCoco(const CocoPair& pair, const AreaRange& range, CocoOverlap overlap) {
  std::vector<bool> ignored;
  std::vector<size_t> order;
  for (const CocoObject* object : pair.objects) {
    ignored.push_back(object->crowd || IsOutside(object->area, range));
  }
  for (const bool last : {false, true}) {
    for (size_t o = 0; o < ignored.size(); ++o) {
      if (ignored[o] == last) order.push_back(o);
    }
  }
  CocoMatches matches;
  matches.wanted = static_cast<size_t>(std::count(ignored.begin(), ignored.end(), false));
  const std::array<double, kCocoThresholds> thresholds = CocoThresholds();
  for (size_t t = 0; t < kCocoThresholds; ++t) {
    std::vector<bool> taken(pair.objects.size());
    for (size_t d = 0; d < pair.detections.size(); ++d) {
      const size_t match = FindObject(pair, d, thresholds[t], order, ignored, taken);
      matches.matched[t].push_back(match != kNone);
      if (match == kNone) {
        matches.ignored[t].push_back(IsOutside(AreaOf(*pair.detections[d], overlap), range));
      } else {
        matches.ignored[t].push_back(ignored[match]);
        taken[match] = true;
      }
    }
  }
  return matches;
}

}  // namespace localmamba
