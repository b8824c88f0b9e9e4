#include "server/batching/cost_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace localmamba::server {
namespace {

constexpr double kGain = 0.125;
constexpr double kMarginDeviations = 2;
constexpr double kFirstDeviation = 0.02;
// One batch that was interrupted, for seconds perhaps, must not outweigh all others: it counts as one
// that took twice the time.
constexpr double kLargestError = 1;

}  // namespace

CostTable::CostTable(std::vector<Point> points)
    : points_(std::move(points)), deviation_(kFirstDeviation) {
  std::sort(points_.begin(), points_.end(),
            [](const Point& a, const Point& b) { return a.images < b.images; });
  if (!points_.empty()) KeepAscending(0);
}

CostTable::Position CostTable::PositionOf(size_t images) const {
  if (points_.size() == 1 || images <= points_.front().images) return {0, 0};
  size_t low = 0;
  while (low + 2 < points_.size() && points_[low + 1].images < images) ++low;
  const auto from = static_cast<double>(points_[low].images);
  const auto to = static_cast<double>(points_[low + 1].images);
  return {low, (static_cast<double>(images) - from) / (to - from)};
}

absl::Duration CostTable::CostOf(size_t images) const {
  if (points_.empty()) return absl::ZeroDuration();
  const auto [low, share] = PositionOf(images);
  const absl::Duration from = points_[low].cost;
  if (share == 0) return from;
  return from + share * (points_[low + 1].cost - from);
}

absl::Duration CostTable::MarginOf(size_t images) const {
  return kMarginDeviations * deviation_ * CostOf(images);
}

void CostTable::Observe(size_t images, absl::Duration actual) {
  if (points_.empty()) {
    points_.push_back({images, actual});
    return;
  }
  const absl::Duration expected = CostOf(images);
  if (expected <= absl::ZeroDuration()) {
    points_ = {{images, actual}};
    return;
  }
  const double error = std::min(absl::FDivDuration(actual, expected) - 1, kLargestError);
  const absl::Duration step = kGain * error * expected;
  const auto [low, share] = PositionOf(images);
  points_[low].cost += std::max(0.0, 1 - share) * step;
  if (share > 0) points_[low + 1].cost += std::min(1.0, share) * step;
  KeepAscending(share > 0.5 ? low + 1 : low);
  deviation_ += kGain * (std::abs(error) - deviation_);
}

// What was just observed is right: the others follow.
void CostTable::KeepAscending(size_t changed) {
  for (size_t i = changed; i > 0; --i) {
    points_[i - 1].cost = std::min(points_[i - 1].cost, points_[i].cost);
  }
  for (size_t i = changed + 1; i < points_.size(); ++i) {
    points_[i].cost = std::max(points_[i].cost, points_[i - 1].cost);
  }
}

}  // namespace localmamba::server
