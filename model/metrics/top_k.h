// Accuracy and loss of a classifier over a data set.
#ifndef LOCALMAMBA_MODEL_METRICS_TOP_K_H_
#define LOCALMAMBA_MODEL_METRICS_TOP_K_H_

#include <cstdint>

#include "absl/types/span.h"

namespace localmamba {

// Adds images up one after the other.
class TopKAccuracy {
 public:
  // logits: one per class; 0 <= label < logits.size(). A class is ahead of the label if its logit
  // is larger, or equal and its number smaller; a logit that is not a number is behind all others.
  void Add(absl::Span<const float> logits, int64_t label);

  [[nodiscard]] int64_t images() const { return images_; }
  // Shares of the images whose label is the first, or among the first five; 0 without images.
  [[nodiscard]] double top1() const { return Mean(static_cast<double>(top1_)); }
  [[nodiscard]] double top5() const { return Mean(static_cast<double>(top5_)); }
  // Mean of -log softmax(logits)[label].
  [[nodiscard]] double loss() const { return Mean(loss_); }

 private:
  [[nodiscard]] double Mean(double sum) const {
    return images_ == 0 ? 0 : sum / static_cast<double>(images_);
  }

  int64_t images_ = 0;
  int64_t top1_ = 0;
  int64_t top5_ = 0;
  double loss_ = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_METRICS_TOP_K_H_
