#include "server/batching/classic_policy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace localmamba::server {
namespace {

constexpr absl::Duration kMs = absl::Milliseconds(1);
const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

// Of requests of one level.
BucketSnapshot Bucket(size_t images, absl::Time oldest = kStart) {
  return {.images = images, .oldest_arrival = oldest, .first_turn = oldest, .due = {}};
}

struct PolicyCase {
  std::string name;
  ClassicPolicy::Options options;
  std::vector<BucketSnapshot> buckets;
  absl::Time now;
  BatchDecision wanted;
};

BatchDecision Launch(size_t images, size_t bucket = 0) {
  return {.launch = images, .bucket = bucket};
}
BatchDecision WaitUntil(absl::Time wake) { return {.launch = 0, .bucket = 0, .wake = wake}; }

class ClassicPolicyTest : public testing::TestWithParam<PolicyCase> {};

TEST_P(ClassicPolicyTest, Decides) {
  const PolicyCase& c = GetParam();
  const BatchDecision decision = ClassicPolicy(c.options).Decide(
      {.buckets = c.buckets, .engines_free = {kStart}}, CostTable({}), c.now);
  EXPECT_EQ(decision.launch, c.wanted.launch);
  if (c.wanted.launch == 0) {
    EXPECT_EQ(decision.wake, c.wanted.wake);
  } else {
    EXPECT_EQ(decision.bucket, c.wanted.bucket);
  }
}

const ClassicPolicy::Options kAtOnce = {8, 0 * kMs, {}};
const ClassicPolicy::Options kDelayed = {8, 10 * kMs, {}};
const ClassicPolicy::Options kPreferring = {8, 10 * kMs, {2, 4}};

INSTANTIATE_TEST_SUITE_P(
    Table, ClassicPolicyTest,
    testing::Values(
        PolicyCase{"LaunchesOneAtOnceWithoutDelay", kAtOnce, {Bucket(1)}, kStart, Launch(1)},
        PolicyCase{"LaunchesWhateverWaitsWithoutDelay", kAtOnce, {Bucket(5)}, kStart, Launch(5)},
        PolicyCase{"NeverExceedsTheLargestBatch", kAtOnce, {Bucket(20)}, kStart, Launch(8)},
        PolicyCase{"WaitsForAnUnderfullBatch",
                   kDelayed,
                   {Bucket(7)},
                   kStart + 3 * kMs,
                   WaitUntil(kStart + 10 * kMs)},
        PolicyCase{"LaunchesAFullBatchEarly", kDelayed, {Bucket(8)}, kStart + 3 * kMs, Launch(8)},
        PolicyCase{"LaunchesUnderfullWhenTheOldestReachedItsDelay",
                   kDelayed,
                   {Bucket(2)},
                   kStart + 10 * kMs,
                   Launch(2)},
        PolicyCase{"LaunchesWhenItLooksLate", kDelayed, {Bucket(1)}, kStart + 99 * kMs, Launch(1)},
        PolicyCase{"BatchesOfOneNeverWait", {1, 10 * kMs, {}}, {Bucket(3)}, kStart, Launch(1)},
        PolicyCase{"LaunchesAPreferredSizeEarly", kPreferring, {Bucket(2)}, kStart, Launch(2)},
        PolicyCase{"LaunchesTheLargestPreferredSizeAndLeavesTheRest",
                   kPreferring,
                   {Bucket(5)},
                   kStart,
                   Launch(4)},
        PolicyCase{"WaitsBelowThePreferredSizes",
                   kPreferring,
                   {Bucket(1)},
                   kStart,
                   WaitUntil(kStart + 10 * kMs)},
        PolicyCase{"TakesAllWhenTheOldestReachedItsDelayWhateverIsPreferred",
                   kPreferring,
                   {Bucket(5)},
                   kStart + 10 * kMs,
                   Launch(5)},
        PolicyCase{"OfTwoBucketsTakesTheOneThatHasWaitedLonger",
                   kAtOnce,
                   {Bucket(5, kStart + kMs), Bucket(1, kStart)},
                   kStart + 2 * kMs,
                   Launch(1, 1)},
        PolicyCase{"AFullBucketNeedNotWaitForAnOlderOne",
                   kDelayed,
                   {Bucket(1, kStart), Bucket(8, kStart + kMs)},
                   kStart + 2 * kMs,
                   Launch(8, 1)},
        PolicyCase{"WakesForTheBucketThatIsDueFirst",
                   kDelayed,
                   {Bucket(1, kStart + 4 * kMs), Bucket(1, kStart + 3 * kMs)},
                   kStart + 5 * kMs,
                   WaitUntil(kStart + 13 * kMs)}),
    [](const testing::TestParamInfo<PolicyCase>& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba::server
