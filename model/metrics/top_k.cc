#include "model/metrics/top_k.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/base/check.h"

namespace localmamba {
namespace {

// Classes ahead of `label`.
int64_t Rank(absl::Span<const float> logits, size_t label) {
  int64_t rank = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const bool ahead = std::isnan(logits[label])
                           ? !std::isnan(logits[i]) || i < label
                           : logits[i] > logits[label] || (logits[i] == logits[label] && i < label);
    if (ahead) ++rank;
  }
  return rank;
}

double CrossEntropy(absl::Span<const float> logits, size_t label) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return std::log(sum) + largest - logits[label];
}

}  // namespace

void TopKAccuracy::Add(absl::Span<const float> logits, int64_t label) {
  LM_CHECK(0 <= label && label < static_cast<int64_t>(logits.size()));
  const auto index = static_cast<size_t>(label);
  const int64_t rank = Rank(logits, index);
  ++images_;
  if (rank < 1) ++top1_;
  if (rank < 5) ++top5_;
  loss_ += CrossEntropy(logits, index);
}

}  // namespace localmamba
