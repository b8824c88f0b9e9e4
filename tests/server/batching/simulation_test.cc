// What batching keeps of its promises, in virtual time. The costs are those of LocalVMamba-T on an
// H100: 1.22 ms for one image, 20.5 ms for 128 (docs/performance.md).
#include "server/batching/simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/load/arrivals.h"
#include "server/batching/classic_policy.h"
#include "server/batching/slo_policy.h"

namespace localmamba::server {
namespace {

constexpr absl::Duration kMs = absl::Milliseconds(1);
constexpr size_t kMaxBatchSize = 64;
const absl::Duration kGoal = 4 * 1.22 * kMs;

std::vector<CostTable::Point> Costs() { return {{1, 1.22 * kMs}, {128, 20.5 * kMs}}; }

// The rate that a goal of four times the cost of one image allows.
double Capacity(size_t engines = 1) {
  return CapacityWithin(kGoal, CostTable(Costs()), kMaxBatchSize, engines);
}

std::vector<absl::Duration> ArrivalsAt(double rate, absl::Duration time,
                                       client::ArrivalKind kind = client::ArrivalKind::kPoisson) {
  const auto arrivals = client::GenerateArrivals(
      {.kind = kind}, {.from = rate, .to = rate, .steady = time, .ramp = absl::ZeroDuration()});
  std::vector<absl::Duration> times;
  while (const auto time_of_one = arrivals->Next()) times.push_back(*time_of_one);
  return times;
}

SimulationOptions OptionsFor(size_t engines, double noise) {
  return {.costs = Costs(), .noise = noise, .engines = engines, .queue = {}, .goal = kGoal};
}

SimulationResult WithGoal(const std::vector<absl::Duration>& arrivals, size_t engines = 1,
                          double noise = 0) {
  SimulationOptions options = OptionsFor(engines, noise);
  options.due_at_goal = true;
  return Simulate(std::make_unique<SloPolicy>(kMaxBatchSize), arrivals, options);
}

// The most goodput that any setting of the classic knobs has.
double BestClassicGoodput(const std::vector<absl::Duration>& arrivals, std::string& best_knobs) {
  double best = 0;
  for (const size_t max_batch_size : {4U, 8U, 12U, 16U, 32U}) {
    for (const absl::Duration delay : {0 * kMs, 0.5 * kMs, 1 * kMs}) {
      for (const absl::Duration timeout :
           {absl::InfiniteDuration(), 1.5 * kMs, 2 * kMs, 2.5 * kMs, 3 * kMs}) {
        SimulationOptions options = OptionsFor(1, 0);
        options.queue.timeout = timeout;
        const SimulationResult result = Simulate(
            std::make_unique<ClassicPolicy>(ClassicPolicy::Options{.max_batch_size = max_batch_size,
                                                                   .max_queue_delay = delay,
                                                                   .preferred_batch_sizes = {}}),
            arrivals, options);
        if (result.goodput() <= best) continue;
        best = result.goodput();
        best_knobs = "max_batch_size " + std::to_string(max_batch_size) + ", max_queue_delay " +
                     absl::FormatDuration(delay) + ", queue_timeout " +
                     absl::FormatDuration(timeout);
      }
    }
  }
  return best;
}

TEST(SimulationTest, WhatOneEngineDoesWithFewRequestsIsExact) {
  const std::vector<absl::Duration> arrivals = {0 * kMs, 0.5 * kMs, 10 * kMs};
  const SimulationResult result = WithGoal(arrivals);
  EXPECT_EQ(result.offered, 3U);
  EXPECT_EQ(result.in_time, 3U);
  EXPECT_EQ(result.batches, (std::map<size_t, size_t>{{1, 3}}));
  EXPECT_EQ(result.LatencyAt(0), 1.22 * kMs);
  EXPECT_EQ(result.LatencyAt(1), (2 * 1.22 - 0.5) * kMs);
}

TEST(SimulationTest, TheSameArrivalsGiveTheSameResult) {
  const auto arrivals = ArrivalsAt(2 * Capacity(), absl::Seconds(2));
  const SimulationResult once = WithGoal(arrivals, 2, 0.2);
  const SimulationResult again = WithGoal(arrivals, 2, 0.2);
  EXPECT_EQ(once.latencies, again.latencies);
  EXPECT_EQ(once.batches, again.batches);
}

// Two engines share one queue, as on a GPU. One engine by itself is late more often, whatever the
// policy: see BestClassicGoodput.
TEST(SimulationTest, At80PercentOfCapacity99Of100AreInTime) {
  const auto arrivals = ArrivalsAt(0.8 * Capacity(2), absl::Seconds(5));
  EXPECT_GE(WithGoal(arrivals, 2).in_time_share(), 0.99);
  const auto of_one = ArrivalsAt(0.8 * Capacity(), absl::Seconds(5));
  EXPECT_GE(WithGoal(of_one).in_time_share(), 0.97);
  EXPECT_GE(WithGoal(ArrivalsAt(0.7 * Capacity(), absl::Seconds(5))).in_time_share(), 0.99);
}

TEST(SimulationTest, CostsThatVaryAreAllowedFor) {
  const auto arrivals = ArrivalsAt(0.7 * Capacity(2), absl::Seconds(5));
  const SimulationResult result = WithGoal(arrivals, 2, 0.1);
  EXPECT_GE(result.in_time_share(), 0.99);
  EXPECT_LE(result.LatencyAt(0.99), kGoal);
}

TEST(SimulationTest, AtThreeTimesTheCapacityGoodputIsThatOfThePeakAndAnswersAreInTime) {
  double peak = 0;
  for (const double load : {0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0, 2.5}) {
    const auto arrivals = ArrivalsAt(load * Capacity(), absl::Seconds(5));
    peak = std::max(peak, WithGoal(arrivals).goodput());
  }
  const SimulationResult overloaded = WithGoal(ArrivalsAt(3 * Capacity(), absl::Seconds(5)));
  EXPECT_GE(overloaded.goodput(), 0.95 * peak);
  EXPECT_LE(overloaded.LatencyAt(0.99), kGoal);
}

// The knobs are tuned for each load anew, which nobody can do for a server; the goal is the same for
// all.
TEST(SimulationTest, NoSettingOfTheClassicKnobsHasMoreGoodput) {
  for (const double load : {0.8, 1.0}) {
    const auto arrivals = ArrivalsAt(load * Capacity(), absl::Seconds(4));
    std::string knobs;
    const double classic = BestClassicGoodput(arrivals, knobs);
    EXPECT_GE(WithGoal(arrivals).goodput(), 0.995 * classic)
        << "at " << load << " of capacity, with " << knobs;
  }
}

// Under overload a queue timeout that suits the rate exactly is about as good.
TEST(SimulationTest, UnderOverloadHardlyAnySettingOfTheClassicKnobsHasMoreGoodput) {
  const auto arrivals = ArrivalsAt(3 * Capacity(), absl::Seconds(1.5));
  std::string knobs;
  const double classic = BestClassicGoodput(arrivals, knobs);
  EXPECT_GE(WithGoal(arrivals).goodput(), 0.97 * classic) << "with " << knobs;
}

TEST(SimulationTest, BurstsAreServedAsFarAsTheGoalAllows) {
  const auto arrivals =
      ArrivalsAt(0.5 * Capacity(), absl::Seconds(10), client::ArrivalKind::kBursty);
  EXPECT_GE(WithGoal(arrivals).in_time_share(), 0.9);
}

}  // namespace
}  // namespace localmamba::server
