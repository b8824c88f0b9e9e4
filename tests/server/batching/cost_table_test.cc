#include "server/batching/cost_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/batching/arrival_rate.h"

namespace localmamba::server {
namespace {

using testing::DoubleNear;

constexpr absl::Duration kMs = absl::Milliseconds(1);

CostTable Measured() { return CostTable({{8, 22 * kMs}, {1, 10 * kMs}, {4, 14 * kMs}}); }

TEST(CostTableTest, InterpolatesBetweenPointsAndGoesOnBeyondThem) {
  const CostTable costs = Measured();
  EXPECT_EQ(costs.CostOf(1), 10 * kMs);
  EXPECT_EQ(absl::ToInt64Microseconds(costs.CostOf(2)), 11333);
  EXPECT_EQ(costs.CostOf(4), 14 * kMs);
  EXPECT_EQ(costs.CostOf(6), 18 * kMs);
  EXPECT_EQ(costs.CostOf(10), 26 * kMs);
}

TEST(CostTableTest, OnePointStandsForAllAndNoneForNothing) {
  EXPECT_EQ(CostTable({{1, 5 * kMs}}).CostOf(7), 5 * kMs);
  CostTable none({});
  EXPECT_EQ(none.CostOf(7), absl::ZeroDuration());
  none.Observe(4, 3 * kMs);
  EXPECT_EQ(none.CostOf(7), 3 * kMs);
}

TEST(CostTableTest, MoreImagesNeverCostLess) {
  const CostTable costs({{1, 10 * kMs}, {2, 9 * kMs}, {4, 12 * kMs}});
  EXPECT_EQ(costs.CostOf(2), 10 * kMs);
}

TEST(CostTableTest, LearnsFromWhatBatchesTake) {
  CostTable costs = Measured();
  for (int i = 0; i < 200; ++i) costs.Observe(6, 27 * kMs);
  EXPECT_THAT(absl::ToDoubleMilliseconds(costs.CostOf(6)), DoubleNear(27, 0.1));
  EXPECT_GT(costs.CostOf(8), 22 * kMs) << "each neighbour takes its share";
  EXPECT_GT(costs.CostOf(4), 14 * kMs);
  EXPECT_EQ(costs.CostOf(1), 10 * kMs);
}

TEST(CostTableTest, OneInterruptedBatchCountsAsTwiceTheTime) {
  CostTable costs = Measured();
  costs.Observe(4, absl::Seconds(30));
  EXPECT_EQ(costs.CostOf(4), 14 * kMs * 1.125);
}

TEST(CostTableTest, TheMarginFollowsHowWrongTheTableIs) {
  CostTable costs = Measured();
  for (int i = 0; i < 100; ++i) costs.Observe(4, (i % 2 == 0 ? 0.9 : 1.1) * costs.CostOf(4));
  EXPECT_THAT(absl::FDivDuration(costs.MarginOf(4), costs.CostOf(4)), DoubleNear(0.2, 0.01));
  for (int i = 0; i < 100; ++i) costs.Observe(4, costs.CostOf(4));
  EXPECT_LT(costs.MarginOf(4), 0.01 * kMs);
}

TEST(ArrivalRateTest, FollowsWhatComes) {
  ArrivalRate rate;
  absl::Time now = absl::FromUnixSeconds(1'000'000);
  EXPECT_EQ(rate.PerSecond(now), 0);
  for (int i = 0; i < 2000; ++i) rate.Observe(2, now += 2 * kMs);
  EXPECT_THAT(rate.PerSecond(now), DoubleNear(1000, 10));
  EXPECT_LT(rate.PerSecond(now + absl::Seconds(2)), 20);
}

}  // namespace
}  // namespace localmamba::server
