#include "kernels/scan/scan_locality.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace localmamba {
namespace {

// Counts the pairs of cells (row, column), (row + dr, column + dc).
void CountPairs(const std::vector<int64_t>& position, int64_t height, int64_t width, int64_t dr,
                int64_t dc, std::vector<int64_t>& pairs_at) {
  for (int64_t row = 0; row + dr < height; ++row) {
    for (int64_t column = std::max<int64_t>(0, -dc); column < std::min(width, width - dc);
         ++column) {
      const int64_t a = position[static_cast<size_t>(row * width + column)];
      const int64_t b = position[static_cast<size_t>((row + dr) * width + column + dc)];
      ++pairs_at[static_cast<size_t>(std::abs(a - b) - 1)];
    }
  }
}

NeighbourDistances Summarize(std::vector<int64_t> pairs_at) {
  while (!pairs_at.empty() && pairs_at.back() == 0) pairs_at.pop_back();
  NeighbourDistances distances;
  distances.maximum = static_cast<int64_t>(pairs_at.size());
  double sum = 0.0;
  for (int64_t d = 1; d <= distances.maximum; ++d) {
    const int64_t pairs = pairs_at[static_cast<size_t>(d - 1)];
    distances.pairs += pairs;
    sum += static_cast<double>(d) * static_cast<double>(pairs);
  }
  if (distances.pairs > 0) distances.mean = sum / static_cast<double>(distances.pairs);
  distances.pairs_at = std::move(pairs_at);
  return distances;
}

}  // namespace

ScanLocality MeasureScanLocality(const ScanDirection& direction, int64_t height, int64_t width) {
  const ScanOrder order = MakeScanOrder(direction, height, width, VerticalReverse::kExact);
  std::vector<int64_t> position(static_cast<size_t>(height * width));
  for (size_t t = 0; t < order.read.size(); ++t) {
    if (order.read[t] >= 0) position[static_cast<size_t>(order.read[t])] = static_cast<int64_t>(t);
  }

  ScanLocality locality;
  locality.sequence_length = static_cast<int64_t>(order.read.size());
  locality.padding_share = static_cast<double>(locality.sequence_length - height * width) /
                           static_cast<double>(locality.sequence_length);
  std::vector<int64_t> pairs_at(order.read.size(), 0);
  CountPairs(position, height, width, 0, 1, pairs_at);
  CountPairs(position, height, width, 1, 0, pairs_at);
  locality.four = Summarize(pairs_at);
  CountPairs(position, height, width, 1, 1, pairs_at);
  CountPairs(position, height, width, 1, -1, pairs_at);
  locality.eight = Summarize(std::move(pairs_at));
  return locality;
}

}  // namespace localmamba
