// Batching in virtual time: what the server's own queue and policy would make of some arrivals.
#ifndef LOCALMAMBA_SERVER_BATCHING_SIMULATION_H_
#define LOCALMAMBA_SERVER_BATCHING_SIMULATION_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/batching/batch_policy.h"
#include "server/batching/batch_queue.h"
#include "server/batching/cost_table.h"

namespace localmamba::server {

struct SimulationOptions {
  std::vector<CostTable::Point> costs;  // of the engines, and known from the start
  double noise = 0;   // actual costs are up to this share more or less, all alike probable
  uint64_t seed = 1;  // of the noise
  size_t engines = 1;
  QueueOptions queue;
  // What counts as in time.
  absl::Duration goal = absl::InfiniteDuration();
  // Whether requests are due then, as with the server's latency_goal; else they wait for ever.
  bool due_at_goal = false;
};

struct SimulationResult {
  size_t offered = 0;
  size_t in_time = 0;
  std::vector<absl::Duration> latencies;  // of those that were answered, ascending
  std::map<size_t, size_t> batches;       // how many of each size
  absl::Duration span;                    // from the start to the last arrival

  // Answered in time, a second.
  [[nodiscard]] double goodput() const {
    return static_cast<double>(in_time) / absl::ToDoubleSeconds(span);
  }
  // Of what was offered.
  [[nodiscard]] double in_time_share() const {
    return static_cast<double>(in_time) / static_cast<double>(offered);
  }
  // `share` 0.99 for the 99th percentile; 0 if nothing was answered.
  [[nodiscard]] absl::Duration LatencyAt(double share) const;
  [[nodiscard]] double MeanBatch() const;
};

// Requests of one image come at `arrivals`, which ascend from 0. Network, decoding and answers take
// no time. The same arguments give the same result.
SimulationResult Simulate(std::unique_ptr<const BatchPolicy> policy,
                          absl::Span<const absl::Duration> arrivals,
                          const SimulationOptions& options);

// The rate, in images a second, up to which every request can wait for one batch and be in the next
// within `goal`: that of the largest batch which takes at most half of it.
double CapacityWithin(absl::Duration goal, const CostTable& costs, size_t max_batch_size,
                      size_t engines);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_BATCHING_SIMULATION_H_
