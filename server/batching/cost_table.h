// How long batches take, by size.
#ifndef LOCALMAMBA_SERVER_BATCHING_COST_TABLE_H_
#define LOCALMAMBA_SERVER_BATCHING_COST_TABLE_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"

namespace localmamba::server {

// Begins with what was measured at warm-up and learns from every batch. Not safe to call from
// several threads.
class CostTable {
 public:
  struct Point {
    size_t images = 0;
    absl::Duration cost;
    bool operator==(const Point&) const = default;
  };

  // Points of different sizes, from 1 image. Without any, batches cost nothing until the first was
  // observed.
  explicit CostTable(std::vector<Point> points);

  // Expected time of a batch: on the line through the points next to it. Never less for more images.
  [[nodiscard]] absl::Duration CostOf(size_t images) const;

  // By how much the actual time may exceed CostOf: twice the mean relative deviation, which is more
  // than 19 of 20 batches need if the deviation is normal, and more than any if it is uniform.
  [[nodiscard]] absl::Duration MarginOf(size_t images) const;

  // What to plan with.
  [[nodiscard]] absl::Duration SafeCostOf(size_t images) const {
    return CostOf(images) + MarginOf(images);
  }

  // A batch took `actual`. Moves the points next to its size by an eighth of the error (as TCP
  // smooths round-trip times, RFC 6298), each by its share in CostOf, and the deviation likewise.
  // Counts as at most twice what was expected.
  void Observe(size_t images, absl::Duration actual);

  [[nodiscard]] const std::vector<Point>& points() const { return points_; }  // by size

 private:
  // CostOf(images) = (1 - share) * points_[low].cost + share * points_[low + 1].cost; beyond the
  // last point, share is above 1.
  struct Position {
    size_t low;
    double share;
  };
  [[nodiscard]] Position PositionOf(size_t images) const;
  void KeepAscending(size_t changed);

  std::vector<Point> points_;
  double deviation_;  // mean of |actual / expected - 1|
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_COST_TABLE_H_
