#include "model/search/direction_probabilities.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/match.h"
#include "kernels/base/check.h"

namespace localmamba {
namespace {

// Indices by descending value, of equal ones the smaller index first.
std::vector<size_t> Order(absl::Span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return values[a] > values[b]; });
  return order;
}

}  // namespace

bool IsDirectionWeights(absl::string_view parameter_name) {
  return absl::EndsWith(parameter_name, "multi_scan.weights");
}

DirectionProbabilities ComputeDirectionProbabilities(absl::Span<const float> alpha,
                                                     int64_t directions_per_layer) {
  const auto chosen = static_cast<size_t>(directions_per_layer);
  LM_CHECK(1 <= chosen && chosen <= alpha.size());
  const double largest = *std::max_element(alpha.begin(), alpha.end());
  DirectionProbabilities result;
  double sum = 0;
  for (const float a : alpha) {
    result.probability.push_back(std::exp(a - largest));
    sum += result.probability.back();
  }
  for (double& p : result.probability) {
    p /= sum;
    if (p > 0) result.entropy -= p * std::log(p);
  }
  const std::vector<size_t> order = Order(result.probability);
  const double other = chosen < order.size() ? result.probability[order[chosen]] : 0;
  result.margin = result.probability[order[chosen - 1]] - other;
  return result;
}

LayerDirections SelectDirections(const LayerDirections& candidates,
                                 absl::Span<const double> probability, int64_t count) {
  LM_CHECK(candidates.size() == probability.size());
  std::vector<size_t> order = Order(probability);
  order.resize(static_cast<size_t>(count));
  std::sort(order.begin(), order.end());
  LayerDirections selected;
  for (const size_t i : order) selected.push_back(candidates[i]);
  return selected;
}

}  // namespace localmamba
