#include "model/training/learning_rate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace localmamba {
namespace {

// The table of reference §7.3, for the official settings.
double Official(int64_t n, int64_t S) {
  const int64_t W = 20 * S;
  const int64_t T = 300 * S;
  if (n <= W) {
    return 1e-7 + (1e-3 - 1e-7) * static_cast<double>(n / S * S) / static_cast<double>(W);
  }
  if (n == W + 1) return 1e-3;
  return 1e-6 + (1e-3 - 1e-6) *
                    (1 + std::cos(std::numbers::pi * static_cast<double>(n - W - 1) /
                                  static_cast<double>(T - W))) /
                    2;
}

TEST(LearningRateTest, FollowsTheOfficialScheduleStepByStep) {
  Recipe recipe;
  recipe.schedule.staircase_warmup = true;
  for (const int64_t steps_per_epoch : {1, 7, 1251}) {
    const LearningRate rate(recipe, steps_per_epoch);
    for (int64_t n = 0; n < 300 * steps_per_epoch; n += n < 21 * steps_per_epoch ? 1 : 13) {
      ASSERT_NEAR(rate.At(n), Official(n, steps_per_epoch), 1e-15) << "step " << n;
    }
  }
}

TEST(LearningRateTest, GrowsByStepWithoutStaircase) {
  const LearningRate rate(Recipe(), 10);
  EXPECT_DOUBLE_EQ(rate.At(0), 1e-7);
  EXPECT_DOUBLE_EQ(rate.At(1), 1e-7 + (1e-3 - 1e-7) / 200);
  EXPECT_DOUBLE_EQ(rate.At(100), 1e-7 + (1e-3 - 1e-7) / 2);
  EXPECT_DOUBLE_EQ(rate.At(200), 1e-3);
}

TEST(LearningRateTest, StartsAtThePeakWithoutWarmUp) {
  Recipe recipe;
  recipe.epochs = 2;
  recipe.schedule.warmup_epochs = 0;
  const LearningRate rate(recipe, 5);
  EXPECT_DOUBLE_EQ(rate.At(0), 1e-3);
  EXPECT_LT(rate.At(9), rate.At(5));
  EXPECT_GT(rate.At(9), 1e-6);
}

TEST(LearningRateTest, TakesAWarmUpOfHalfAnEpoch) {
  Recipe recipe;
  recipe.epochs = 2;
  recipe.schedule.warmup_epochs = 0.5;
  const LearningRate rate(recipe, 8);
  EXPECT_DOUBLE_EQ(rate.At(2), 1e-7 + (1e-3 - 1e-7) / 2);
  EXPECT_DOUBLE_EQ(rate.At(4), 1e-3);
}

}  // namespace
}  // namespace localmamba
