#include "server/batching/slo_policy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/batching/forecast.h"

namespace localmamba::server {
namespace {

constexpr absl::Duration kMs = absl::Milliseconds(1);
constexpr size_t kMaxBatchSize = 8;
const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

// 5 ms for a batch and 1 for each image more than one, without a margin.
CostTable FourPlusOne() {
  CostTable costs({{1, 5 * kMs}, {9, 13 * kMs}});
  for (int i = 0; i < 300; ++i) costs.Observe(1, 5 * kMs);
  return costs;
}

// As much for two as for two times one.
CostTable Linear() {
  CostTable costs({{1, 5 * kMs}, {8, 40 * kMs}});
  for (int i = 0; i < 300; ++i) costs.Observe(1, 5 * kMs);
  return costs;
}

// Images due so many milliseconds from now.
BucketSnapshot Bucket(const std::vector<double>& due_ms, absl::Time first_turn = kNow) {
  BucketSnapshot bucket{
      .images = due_ms.size(), .oldest_arrival = kNow, .first_turn = first_turn, .due = {}};
  for (const double ms : due_ms) bucket.due.push_back(kNow + ms * kMs);
  return bucket;
}

struct DecideCase {
  std::string name;
  CostTable costs;
  std::vector<BucketSnapshot> buckets;
  double images_per_second;
  size_t launch;  // 0: waits
  double wake_ms = 0;
  size_t bucket = 0;
};

class SloPolicyDecideTest : public testing::TestWithParam<DecideCase> {};

TEST_P(SloPolicyDecideTest, Decides) {
  const DecideCase& c = GetParam();
  const QueueSnapshot queue = {
      .buckets = c.buckets, .engines_free = {kNow}, .images_per_second = c.images_per_second};
  const BatchDecision decision = SloPolicy(kMaxBatchSize).Decide(queue, c.costs, kNow);
  EXPECT_EQ(decision.launch, c.launch);
  if (c.launch == 0) {
    EXPECT_NEAR(absl::ToDoubleMilliseconds(decision.wake - kNow), c.wake_ms, 0.01);
  } else {
    EXPECT_EQ(decision.bucket, c.bucket);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, SloPolicyDecideTest,
    testing::Values(
        DecideCase{"LaunchesAtOnceWhenEnginesKeepUpAnyway", FourPlusOne(), {Bucket({50})}, 100, 1},
        DecideCase{"LaunchesAtOnceWhenNothingElseComes", FourPlusOne(), {Bucket({50})}, 0, 1},
        DecideCase{"LaunchesAtOnceWhenLargerBatchesDoNoMore", Linear(), {Bucket({50})}, 400, 1},
        DecideCase{"WaitsUntilTheNextIsExpected", FourPlusOne(), {Bucket({50})}, 400, 0, 2.5},
        DecideCase{"WaitsUntilTheNextIsExpectedAlsoForThree",
                   FourPlusOne(),
                   {Bucket({60, 40, 50})},
                   800,
                   0,
                   1.25},
        DecideCase{
            "LaunchesWhenBatchesOfThisSizeKeepUp", FourPlusOne(), {Bucket({50, 50, 50})}, 400, 3},
        DecideCase{"LaunchesWhenNoOtherIsExpectedInTime", FourPlusOne(), {Bucket({7})}, 400, 1},
        DecideCase{"LaunchesAtTheLastMoment", FourPlusOne(), {Bucket({6})}, 10'000, 1},
        DecideCase{"LaunchesAFullBatch",
                   FourPlusOne(),
                   {Bucket({50, 50, 50, 50, 50, 50, 50, 50, 50})},
                   800,
                   8},
        DecideCase{"LaunchesNoMoreThanWhatKeepsTheFirstInTime",
                   FourPlusOne(),
                   {Bucket({7, 50, 50, 50, 50})},
                   100,
                   3},
        DecideCase{"ALaterImageThatIsDueEarlyLimitsTheBatchToo",
                   FourPlusOne(),
                   {Bucket({50, 50, 50, 6, 50})},
                   100,
                   3},
        DecideCase{"LaunchesTheFirstEvenIfItWillBeLate", FourPlusOne(), {Bucket({2, 50})}, 100, 1},
        DecideCase{"TakesTheBucketThatHasWaitedLonger",
                   FourPlusOne(),
                   {Bucket({50, 50}, kNow), Bucket({50}, kNow - kMs)},
                   100,
                   1,
                   0,
                   1}),
    [](const testing::TestParamInfo<DecideCase>& info) { return info.param.name; });

struct AdmitCase {
  std::string name;
  std::vector<BucketSnapshot> buckets;
  std::vector<double> engines_free_ms;
  double images_per_second;
  double due_ms;  // of the one that comes
  bool wanted;
  size_t images = 1;
  size_t bucket = 0;
};

class SloPolicyAdmitTest : public testing::TestWithParam<AdmitCase> {};

TEST_P(SloPolicyAdmitTest, Admits) {
  const AdmitCase& c = GetParam();
  QueueSnapshot queue = {
      .buckets = c.buckets, .engines_free = {}, .images_per_second = c.images_per_second};
  for (const double ms : c.engines_free_ms) queue.engines_free.push_back(kNow + ms * kMs);
  const Arrival arrival = {.images = c.images, .due = kNow + c.due_ms * kMs};
  EXPECT_EQ(SloPolicy(kMaxBatchSize).Admits(queue, c.bucket, arrival, FourPlusOne(), kNow),
            c.wanted);
}

constexpr bool kYes = true;
constexpr bool kNo = false;

INSTANTIATE_TEST_SUITE_P(
    Table, SloPolicyAdmitTest,
    testing::Values(
        AdmitCase{"OneThatAFreeEngineCanDo", {}, {-3}, 0, 5.1, kYes},
        AdmitCase{"NotOneThatItCannot", {}, {-3}, 0, 4.9, kNo},
        AdmitCase{"CountsTheRunningBatch", {}, {10}, 0, 15.1, kYes},
        AdmitCase{"CountsAllOfTheRunningBatch", {}, {10}, 0, 14.9, kNo},
        AdmitCase{"TakesTheEngineThatIsFreeFirst", {}, {10, 3}, 0, 8.1, kYes},
        AdmitCase{"JoinsThoseThatWait", {Bucket({20, 20})}, {10}, 0, 17.1, kYes},
        AdmitCase{"JoiningMakesTheBatchLonger", {Bucket({20, 20})}, {10}, 0, 16.9, kNo},
        AdmitCase{"ExpectsOthersInTheSameBatch", {}, {10}, 400, 18.1, kYes},
        AdmitCase{"WhoExpectsOthersNeedsTimeForThem", {}, {10}, 400, 17.9, kNo},
        AdmitCase{"NoMoreOthersThanABatchHolds", {}, {10}, 1e6, 22.1, kYes},
        AdmitCase{"GoesBehindWhomItWouldMakeLate", {Bucket({16.5, 16.5})}, {10}, 0, 21.1, kYes},
        AdmitCase{"AndThenNeedsTheTimeOfBoth", {Bucket({16.5, 16.5})}, {10}, 0, 20.9, kNo},
        AdmitCase{
            "GoesBehindAFullBatch", {Bucket(std::vector<double>(8, 100))}, {0}, 0, 17.1, kYes},
        AdmitCase{
            "NotInTimeBehindAFullBatch", {Bucket(std::vector<double>(8, 100))}, {0}, 0, 16.9, kNo},
        AdmitCase{"ASecondEngineTakesTheFullBatch",
                  {Bucket(std::vector<double>(8, 100))},
                  {0, 0},
                  0,
                  5.1,
                  kYes},
        AdmitCase{"OtherKindsComeFirst", {Bucket({50, 50})}, {0}, 0, 11.1, kYes, 1, 1},
        AdmitCase{"OtherKindsTakeTheirTime", {Bucket({50, 50})}, {0}, 0, 10.9, kNo, 1, 1},
        AdmitCase{"SeveralImages", {}, {0}, 0, 8.1, kYes, 4},
        AdmitCase{"SeveralImagesTakeLonger", {}, {0}, 0, 7.9, kNo, 4}),
    [](const testing::TestParamInfo<AdmitCase>& info) { return info.param.name; });

TEST(ForecastTest, TellsWhenTheBacklogIsDone) {
  const CostTable costs = FourPlusOne();
  QueueSnapshot queue = {.buckets = {Bucket(std::vector<double>(10, 50))},
                         .engines_free = {kNow + 2 * kMs},
                         .images_per_second = 0};
  // 2 ms until the engine is free, 12 for eight images, 6 for two.
  EXPECT_NEAR(absl::ToDoubleMilliseconds(BacklogTime(queue, kMaxBatchSize, costs, kNow)), 20, 0.01);
  queue.engines_free.push_back(kNow - kMs);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(BacklogTime(queue, kMaxBatchSize, costs, kNow)), 8, 0.01);
}

}  // namespace
}  // namespace localmamba::server
