#include "server/batching/simulation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <utility>

#include "server/batching/batch_scheduler.h"

namespace localmamba::server {
namespace {

class Simulator {
 public:
  Simulator(std::unique_ptr<const BatchPolicy> policy, const SimulationOptions& options)
      : options_(options),
        costs_(options.costs),
        scheduler_(std::move(policy), options.queue, CostTable(options.costs), options.engines),
        engines_(options.engines),
        random_(options.seed) {}

  SimulationResult Run(absl::Span<const absl::Duration> arrivals) {
    result_.offered = arrivals.size();
    if (!arrivals.empty()) result_.span = arrivals.back();
    absl::Time wake = absl::InfiniteFuture();
    size_t next = 0;
    while (true) {
      const absl::Time arrival =
          next < arrivals.size() ? kStart + arrivals[next] : absl::InfiniteFuture();
      const absl::Time now = std::min({arrival, NextEnd(), wake});
      if (now == absl::InfiniteFuture()) break;
      End(now);
      if (now == arrival) {
        Come(now);
        ++next;
      }
      wake = Launch(now);
    }
    std::sort(result_.latencies.begin(), result_.latencies.end());
    return std::move(result_);
  }

 private:
  struct Running {
    std::vector<WaitingRequest> requests;
    absl::Time began;
    absl::Time end;
  };

  static constexpr absl::Time kStart = absl::UnixEpoch();

  [[nodiscard]] absl::Time NextEnd() const {
    absl::Time end = absl::InfiniteFuture();
    for (const std::optional<Running>& engine : engines_) {
      if (engine.has_value()) end = std::min(end, engine->end);
    }
    return end;
  }

  void End(absl::Time now) {
    for (size_t i = 0; i < engines_.size(); ++i) {
      if (!engines_[i].has_value() || engines_[i]->end > now) continue;
      const Running done = *std::exchange(engines_[i], std::nullopt);
      scheduler_.Ended(i, now);
      scheduler_.Observe(done.requests.size(), now - done.began);
      for (const WaitingRequest& request : done.requests) {
        const absl::Duration latency = now - request.arrival;
        result_.latencies.push_back(latency);
        if (latency <= options_.goal) ++result_.in_time;
      }
    }
  }

  void Come(absl::Time now) {
    static constexpr std::array<uint8_t, 3> kPixel = {};
    const absl::Time due = options_.due_at_goal ? now + options_.goal : absl::InfiniteFuture();
    BatchRequest request = {.input = ConstTensorView(kPixel.data(), DType::kUInt8, {1, 1, 1, 3}),
                            .scheduling = {},
                            .context = {},
                            .due = due,
                            .done = [](const absl::StatusOr<InferenceResult>&) {}};
    const Prospect prospect = {
        .kind = request.kind(), .due = due, .deadline = absl::InfiniteFuture()};
    if (!scheduler_.Offer(prospect, now).ok()) return;
    std::vector<UnwantedRequest> unwanted;
    scheduler_.Push(std::move(request), now, unwanted).IgnoreError();
  }

  // Has every engine that is free decide. Returns when they want to decide again.
  absl::Time Launch(absl::Time now) {
    for (size_t i = 0; i < engines_.size(); ++i) {
      if (engines_[i].has_value()) continue;
      scheduler_.RemoveUnwanted(now);
      const BatchDecision decision = scheduler_.Decide(now);
      if (decision.launch == 0) return decision.wake;
      Running running{.requests = scheduler_.Take(decision), .began = now, .end = now};
      const size_t images = running.requests.size();
      running.end += costs_.CostOf(images) * (1 + options_.noise * (2 * uniform_(random_) - 1));
      scheduler_.Began(i, images, now);
      ++result_.batches[images];
      engines_[i] = std::move(running);
    }
    return absl::InfiniteFuture();
  }

  const SimulationOptions& options_;
  const CostTable costs_;
  BatchScheduler scheduler_;
  std::vector<std::optional<Running>> engines_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> uniform_{0, 1};
  SimulationResult result_;
};

}  // namespace

absl::Duration SimulationResult::LatencyAt(double share) const {
  if (latencies.empty()) return absl::ZeroDuration();
  return latencies[static_cast<size_t>(share * static_cast<double>(latencies.size() - 1))];
}

double SimulationResult::MeanBatch() const {
  size_t images = 0;
  size_t count = 0;
  for (const auto& [size, times] : batches) {
    images += size * times;
    count += times;
  }
  return count == 0 ? 0 : static_cast<double>(images) / static_cast<double>(count);
}

SimulationResult Simulate(std::unique_ptr<const BatchPolicy> policy,
                          absl::Span<const absl::Duration> arrivals,
                          const SimulationOptions& options) {
  return Simulator(std::move(policy), options).Run(arrivals);
}

double CapacityWithin(absl::Duration goal, const CostTable& costs, size_t max_batch_size,
                      size_t engines) {
  size_t images = 1;
  while (images < max_batch_size && 2 * costs.CostOf(images + 1) <= goal) ++images;
  return static_cast<double>(images * engines) / absl::ToDoubleSeconds(costs.CostOf(images));
}

}  // namespace localmamba::server
