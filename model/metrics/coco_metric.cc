#include "model/metrics/coco_metric.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/metrics/coco_matching.h"

namespace localmamba {
namespace {

constexpr size_t kRecalls = 101;
constexpr std::array<AreaRange, 4> kAreas = {
    {{0, 1e10}, {0, 1024}, {1024, 9216}, {9216, 1e10}}};  // all, small, medium, large
enum Area : size_t { kAll, kSmall, kMedium, kLarge };

// Of one category, area range and limit.
struct Curve {
  std::array<double, kCocoThresholds> precision{};  // mean over the recalls
  std::array<double, kCocoThresholds> recall{};     // at the end
};

struct Detection {
  double score;
  bool matched;
  bool ignored;
};

// Mean over recalls 0, 0.01, ..., 1 of the best precision at that recall or a higher one.
double MeanPrecision(const std::vector<Detection>& detections, double wanted, double* last_recall) {
  std::vector<double> recalls;
  std::vector<double> precisions;
  double found = 0;
  double wrong = 0;
  for (const Detection& detection : detections) {
    if (!detection.ignored) (detection.matched ? found : wrong) += 1;
    recalls.push_back(found / wanted);
    precisions.push_back(found / (found + wrong + std::numeric_limits<double>::epsilon()));
  }
  *last_recall = recalls.empty() ? 0 : recalls.back();
  for (size_t i = precisions.size(); i-- > 1;) {
    precisions[i - 1] = std::max(precisions[i - 1], precisions[i]);
  }
  double sum = 0;
  for (size_t i = 0; i < kRecalls; ++i) {
    const double recall = i + 1 == kRecalls ? 1.0 : static_cast<double>(i) * 0.01;
    const auto first = std::lower_bound(recalls.begin(), recalls.end(), recall);
    if (first == recalls.end()) break;
    sum += precisions[static_cast<size_t>(first - recalls.begin())];
  }
  return sum / static_cast<double>(kRecalls);
}

// matches: of each pair. Empty if there is no object to find.
std::vector<Curve> CurveOf(const std::vector<CocoPair>& pairs,
                           const std::vector<CocoMatches>& matches, size_t limit) {
  size_t wanted = 0;
  for (const CocoMatches& match : matches) wanted += match.wanted;
  if (wanted == 0) return {};
  Curve curve;
  for (size_t t = 0; t < kCocoThresholds; ++t) {
    std::vector<Detection> detections;
    for (size_t i = 0; i < pairs.size(); ++i) {
      const size_t count = std::min(limit, pairs[i].detections.size());
      for (size_t d = 0; d < count; ++d) {
        detections.push_back(
            {pairs[i].detections[d]->score, matches[i].matched[t][d], matches[i].ignored[t][d]});
      }
    }
    std::stable_sort(detections.begin(), detections.end(),
                     [](const Detection& a, const Detection& b) { return a.score > b.score; });
    curve.precision[t] = MeanPrecision(detections, static_cast<double>(wanted), &curve.recall[t]);
  }
  return {curve};
}

// Curves by [area][limit]; those of categories without objects are left out.
using Curves = std::array<std::array<std::vector<Curve>, 3>, kAreas.size()>;

// Means over the curves and the thresholds [begin, end); -1 without curves.
double Mean(const std::vector<Curve>& curves, std::array<double, kCocoThresholds> Curve::*values,
            size_t begin = 0, size_t end = kCocoThresholds) {
  if (curves.empty()) return -1;
  double sum = 0;
  for (const Curve& curve : curves) {
    for (size_t t = begin; t < end; ++t) sum += (curve.*values)[t];
  }
  return sum / static_cast<double>(curves.size() * (end - begin));
}

CocoSummary Summarize(const Curves& curves, const CocoOptions& options) {
  const auto& limits = options.max_detections;
  const auto hundred = std::find(limits.begin(), limits.end(), 100);
  const size_t last = limits.size() - 1;
  const size_t ap_limit =
      hundred == limits.end() ? last : static_cast<size_t>(hundred - limits.begin());
  const std::vector<Curve>& all = curves[kAll][last];
  CocoSummary summary;
  summary.ap = Mean(curves[kAll][ap_limit], &Curve::precision);
  summary.ap50 = Mean(all, &Curve::precision, 0, 1);
  summary.ap75 = Mean(all, &Curve::precision, 5, 6);
  summary.ap_small = Mean(curves[kSmall][last], &Curve::precision);
  summary.ap_medium = Mean(curves[kMedium][last], &Curve::precision);
  summary.ap_large = Mean(curves[kLarge][last], &Curve::precision);
  for (size_t m = 0; m < limits.size(); ++m) {
    summary.ar[m] = Mean(curves[kAll][m], &Curve::recall);
  }
  summary.ar_small = Mean(curves[kSmall][last], &Curve::recall);
  summary.ar_medium = Mean(curves[kMedium][last], &Curve::recall);
  summary.ar_large = Mean(curves[kLarge][last], &Curve::recall);
  for (size_t t = 0; t < kCocoThresholds; ++t) {
    summary.ap_per_threshold[t] = Mean(all, &Curve::precision, t, t + 1);
  }
  return summary;
}

absl::Status Check(const CocoGroundTruth& truth, absl::Span<const CocoResult> results,
                   const CocoOptions& options) {
  int64_t previous = 0;
  for (const int64_t limit : options.max_detections) {
    if (limit <= previous) {
      return absl::InvalidArgumentError(absl::StrCat(
          "max_detections has ", limit, " after ", previous, ", wanted ascending numbers from 1"));
    }
    previous = limit;
  }
  for (size_t i = 0; i < results.size(); ++i) {
    const auto image = truth.images.find(results[i].image_id);
    if (image == truth.images.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "result ", i, " is of image ", results[i].image_id, ", which the ground truth lacks"));
    }
    if (options.overlap == CocoOverlap::kBoxes) continue;
    const RunLengths& mask = results[i].mask;
    if (mask.height != image->second.height || mask.width != image->second.width) {
      return absl::InvalidArgumentError(
          absl::StrCat("result ", i, " has a mask of ", mask.height, " x ", mask.width,
                       " pixels, wanted ", image->second.height, " x ", image->second.width));
    }
  }
  return absl::OkStatus();
}

struct Members {
  std::vector<const CocoResult*> detections;
  std::vector<const CocoObject*> objects;
};

}  // namespace

absl::StatusOr<CocoSummary> EvaluateCoco(const CocoGroundTruth& truth,
                                         absl::Span<const CocoResult> results,
                                         const CocoOptions& options) {
  LM_RETURN_IF_ERROR(Check(truth, results, options));
  std::map<int64_t, std::map<int64_t, Members>> groups;  // by category, then image
  for (const auto& [category, name] : truth.categories) groups[category];
  for (const CocoObject& object : truth.objects) {
    groups[object.category_id][object.image_id].objects.push_back(&object);
  }
  for (const CocoResult& result : results) {
    const auto group = groups.find(result.category_id);
    if (group != groups.end()) group->second[result.image_id].detections.push_back(&result);
  }

  Curves curves;
  std::map<int64_t, double> ap_per_category;
  for (auto& [category, images] : groups) {
    std::vector<CocoPair> pairs;
    for (auto& [image, members] : images) {
      pairs.push_back(
          MakeCocoPair(std::move(members.detections), std::move(members.objects), options));
    }
    for (size_t area = 0; area < kAreas.size(); ++area) {
      std::vector<CocoMatches> matches;
      for (const CocoPair& pair : pairs) {
        matches.push_back(MatchCoco(pair, kAreas[area], options.overlap));
      }
      for (size_t m = 0; m < options.max_detections.size(); ++m) {
        const std::vector<Curve> curve =
            CurveOf(pairs, matches, static_cast<size_t>(options.max_detections[m]));
        curves[area][m].insert(curves[area][m].end(), curve.begin(), curve.end());
        if (area == kAll && m + 1 == options.max_detections.size()) {
          ap_per_category[category] = Mean(curve, &Curve::precision);
        }
      }
    }
  }
  CocoSummary summary = Summarize(curves, options);
  summary.ap_per_category = std::move(ap_per_category);
  return summary;
}

}  // namespace localmamba
