// Agreement of label maps over a data set: mIoU, mAcc and aAcc as mmsegmentation computes them.
#ifndef LOCALMAMBA_MODEL_METRICS_SEGMENTATION_METRIC_H_
#define LOCALMAMBA_MODEL_METRICS_SEGMENTATION_METRIC_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace localmamba {

// Of one class, in pixels of all images.
struct ClassAreas {
  int64_t intersection = 0;  // predicted and labelled so
  int64_t predicted = 0;
  int64_t labelled = 0;

  [[nodiscard]] int64_t in_union() const { return predicted + labelled - intersection; }
  // Shares of the union and of the labelled pixels; NaN where there are none.
  [[nodiscard]] double iou() const;
  [[nodiscard]] double accuracy() const;
};

// Adds images up one after the other.
class SegmentationMetric {
 public:
  static constexpr int32_t kIgnored = 255;  // the label of pixels that do not count

  // num_classes: 1 to 255.
  explicit SegmentationMetric(int64_t num_classes) : areas_(static_cast<size_t>(num_classes)) {}

  // A class for each pixel of one image, and what is right. On error nothing is added:
  // INVALID_ARGUMENT if the sizes differ, a class is not in 0..num_classes-1 or a label is neither
  // that nor kIgnored.
  absl::Status Add(absl::Span<const int32_t> predicted, absl::Span<const int32_t> labels);

  [[nodiscard]] const std::vector<ClassAreas>& classes() const { return areas_; }
  // Means over the classes for which they are defined: a class that is predicted and nowhere
  // labelled has an IoU of 0 and no accuracy. NaN if it is defined for none.
  [[nodiscard]] double mean_iou() const;
  [[nodiscard]] double mean_accuracy() const;
  // Share of the labelled pixels that are predicted right; NaN if there are none.
  [[nodiscard]] double pixel_accuracy() const;

 private:
  std::vector<ClassAreas> areas_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_METRICS_SEGMENTATION_METRIC_H_
