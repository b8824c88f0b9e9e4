#include "model/metrics/segmentation_metric.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

// NaN without a whole.
double Share(int64_t part, int64_t whole) {
  return whole == 0 ? std::numeric_limits<double>::quiet_NaN()
                    : static_cast<double>(part) / static_cast<double>(whole);
}

// Of the values that are numbers.
template <class Value>
double Mean(absl::Span<const ClassAreas> areas, Value value) {
  double sum = 0;
  double count = 0;
  for (const ClassAreas& area : areas) {
    const double x = value(area);
    if (std::isnan(x)) continue;
    sum += x;
    ++count;
  }
  return sum / count;
}

absl::Status CheckClasses(absl::Span<const int32_t> predicted, absl::Span<const int32_t> labels,
                          size_t num_classes) {
  if (predicted.size() != labels.size()) {
    return absl::InvalidArgumentError(absl::StrCat("the prediction has ", predicted.size(),
                                                   " pixels, the label map ", labels.size()));
  }
  const auto wrong = [num_classes](int32_t value) {
    return value < 0 || static_cast<size_t>(value) >= num_classes;
  };
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == SegmentationMetric::kIgnored) continue;
    if (wrong(labels[i]) || wrong(predicted[i])) {
      return absl::InvalidArgumentError(absl::StrCat("pixel ", i, " is predicted as ", predicted[i],
                                                     " and labelled ", labels[i],
                                                     ", wanted classes 0 to ", num_classes - 1));
    }
  }
  return absl::OkStatus();
}

}  // namespace

double ClassAreas::iou() const { return Share(intersection, in_union()); }
double ClassAreas::accuracy() const { return Share(intersection, labelled); }

absl::Status SegmentationMetric::Add(absl::Span<const int32_t> predicted,
                                     absl::Span<const int32_t> labels) {
  LM_RETURN_IF_ERROR(CheckClasses(predicted, labels, areas_.size()));
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == kIgnored) continue;
    ClassAreas& found = areas_[static_cast<size_t>(predicted[i])];
    ++found.predicted;
    ++areas_[static_cast<size_t>(labels[i])].labelled;
    if (predicted[i] == labels[i]) ++found.intersection;
  }
  return absl::OkStatus();
}

double SegmentationMetric::mean_iou() const {
  return Mean(areas_, [](const ClassAreas& area) { return area.iou(); });
}

double SegmentationMetric::mean_accuracy() const {
  return Mean(areas_, [](const ClassAreas& area) { return area.accuracy(); });
}

double SegmentationMetric::pixel_accuracy() const {
  int64_t right = 0;
  int64_t labelled = 0;
  for (const ClassAreas& area : areas_) {
    right += area.intersection;
    labelled += area.labelled;
  }
  return Share(right, labelled);
}

}  // namespace localmamba
