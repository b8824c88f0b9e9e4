#include "server/batching/slo_policy.h"

#include <algorithm>
#include <vector>

#include "absl/types/span.h"
#include "kernels/base/check.h"
#include "server/batching/forecast.h"

namespace localmamba::server {
namespace {

// A larger batch pays if it does at least this much more a second.
constexpr double kLeastGain = 1.01;

absl::Time Earliest(absl::Span<const absl::Time> times) {
  return *std::min_element(times.begin(), times.end());
}

// How many of those due can be started together at `start` so that none of them is late: the first
// at least, even if it is late by itself.
size_t LargestInTime(absl::Span<const absl::Time> due, absl::Time start, const CostTable& costs,
                     size_t max_batch_size) {
  const size_t most = std::min(due.size(), max_batch_size);
  absl::Time earliest = due.front();
  size_t images = 1;
  while (images < most) {
    earliest = std::min(earliest, due[images]);
    if (start + costs.SafeCostOf(images + 1) > earliest) break;
    ++images;
  }
  return images;
}

double PerSecond(size_t images, const CostTable& costs) {
  return static_cast<double>(images) / absl::ToDoubleSeconds(costs.CostOf(images));
}

// The share of its own cost that an image saves that joins so many in a batch instead of being run
// alone, 0 to 1.
double SavedByJoining(size_t images, const CostTable& costs) {
  const absl::Duration joined = costs.CostOf(images + 1) - costs.CostOf(images);
  return std::max(0.0, 1 - absl::FDivDuration(joined, costs.CostOf(1)));
}

// Until when to hold a batch back that could start now and no later than `last`: until the next image
// is expected. (If it has not come by then, fewer are expected.) `now` if that does not pay.
absl::Time HoldUntil(size_t images, const QueueSnapshot& queue, const CostTable& costs,
                     absl::Time now, absl::Time last) {
  const double now_per_second = PerSecond(images, costs);
  if (PerSecond(images + 1, costs) < kLeastGain * now_per_second) return now;
  const auto engines = static_cast<double>(queue.engines_free.size());
  if (engines * now_per_second > queue.images_per_second) return now;
  const absl::Time next = now + absl::Seconds(1 / queue.images_per_second);
  return next <= last ? next : now;
}

}  // namespace

BatchDecision SloPolicy::DecideFor(const BucketSnapshot& bucket, const QueueSnapshot& queue,
                                   const CostTable& costs, absl::Time now) const {
  const size_t images = LargestInTime(bucket.due, now, costs, max_batch_size_);
  if (images < bucket.images || images == max_batch_size_) return {.launch = images};
  const absl::Time last = Earliest(bucket.due) - costs.SafeCostOf(images + 1);
  const absl::Time until = HoldUntil(images, queue, costs, now, last);
  if (until <= now) return {.launch = images};
  return {.launch = 0, .bucket = 0, .wake = until};
}

bool SloPolicy::Admits(const QueueSnapshot& queue, size_t bucket, const Arrival& arrival,
                       const CostTable& costs, absl::Time now) const {
  LM_CHECK(!queue.engines_free.empty() && arrival.images <= max_batch_size_);
  std::vector<absl::Time> engines_free = queue.engines_free;
  for (size_t i = 0; i < queue.buckets.size(); ++i) {
    if (i != bucket) Occupy(engines_free, queue.buckets[i].images, max_batch_size_, costs, now);
  }
  absl::Span<const absl::Time> waiting;
  if (bucket < queue.buckets.size()) waiting = queue.buckets[bucket].due;
  while (true) {
    const absl::Time start = std::max(Earliest(engines_free), now);
    const size_t together = waiting.size() + arrival.images;
    const bool joins = together <= max_batch_size_ &&
                       (waiting.empty() || start + costs.SafeCostOf(together) <= Earliest(waiting));
    if (joins) {
      const auto expected =
          static_cast<size_t>(SavedByJoining(together, costs) * queue.images_per_second *
                              absl::ToDoubleSeconds(start - now));
      return start + costs.SafeCostOf(std::min(together + expected, max_batch_size_)) <=
             arrival.due;
    }
    // Behind a batch of those that wait.
    const size_t ahead = LargestInTime(waiting, start, costs, max_batch_size_);
    waiting.remove_prefix(ahead);
    Occupy(engines_free, ahead, max_batch_size_, costs, now);
    if (start + costs.SafeCostOf(arrival.images) > arrival.due) return false;
  }
}

}  // namespace localmamba::server
