#include "server/batching/fifo_policy.h"

#include <gtest/gtest.h>

#include <string>

namespace localmamba::server {
namespace {

constexpr absl::Duration kMs = absl::Milliseconds(1);
const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

struct PolicyCase {
  std::string name;
  FifoPolicy::Options options;
  QueueSnapshot queue;
  absl::Time now;
  BatchDecision wanted;
};

class FifoPolicyTest : public testing::TestWithParam<PolicyCase> {};

TEST_P(FifoPolicyTest, Decides) {
  const PolicyCase& c = GetParam();
  const BatchDecision decision = FifoPolicy(c.options).Decide(c.queue, c.now);
  EXPECT_EQ(decision.launch, c.wanted.launch);
  if (c.wanted.launch == 0) {
    EXPECT_EQ(decision.wake, c.wanted.wake);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, FifoPolicyTest,
    testing::Values(
        PolicyCase{"LaunchesOneAtOnceWithoutDelay", {8, 0 * kMs}, {1, kStart}, kStart, {1}},
        PolicyCase{"LaunchesWhateverWaitsWithoutDelay", {8, 0 * kMs}, {5, kStart}, kStart, {5}},
        PolicyCase{"NeverExceedsTheLargestBatch", {8, 0 * kMs}, {20, kStart}, kStart, {8}},
        PolicyCase{"WaitsForAnUnderfullBatch",
                   {8, 10 * kMs},
                   {7, kStart},
                   kStart + 3 * kMs,
                   {0, kStart + 10 * kMs}},
        PolicyCase{"LaunchesAFullBatchEarly", {8, 10 * kMs}, {8, kStart}, kStart + 3 * kMs, {8}},
        PolicyCase{"LaunchesUnderfullWhenTheOldestReachedItsDelay",
                   {8, 10 * kMs},
                   {2, kStart},
                   kStart + 10 * kMs,
                   {2}},
        PolicyCase{"LaunchesWhenItLooksLate", {8, 10 * kMs}, {1, kStart}, kStart + 99 * kMs, {1}},
        PolicyCase{"BatchesOfOneNeverWait", {1, 10 * kMs}, {3, kStart}, kStart, {1}}),
    [](const testing::TestParamInfo<PolicyCase>& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba::server
