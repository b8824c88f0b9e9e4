#include "kernels/base/counter_random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <set>

namespace localmamba {
namespace {

constexpr uint64_t kDraws = 100000;

TEST(CounterRandomTest, UniformNumbersFillTheInterval) {
  const CounterRandom random(42, "test");
  double sum = 0;
  double squares = 0;
  for (uint64_t i = 0; i < kDraws; ++i) {
    const double u = random.Uniform(i);
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  // Five standard deviations of the mean: 1 / sqrt(12 n) and, of the squares, sqrt(4 / 45 n).
  EXPECT_NEAR(sum / kDraws, 1.0 / 2, 5 / std::sqrt(12.0 * kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 5 * std::sqrt(4 / (45.0 * kDraws)));
}

TEST(CounterRandomTest, NormalNumbersHaveMeanZeroAndVarianceOne) {
  const CounterRandom random(42, "test");
  double sum = 0;
  double squares = 0;
  for (uint64_t i = 0; i < kDraws; ++i) {
    const double z = random.Normal(i);
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kDraws, 0, 5 / std::sqrt(1.0 * kDraws));
  EXPECT_NEAR(squares / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
}

TEST(CounterRandomTest, SeedsNamesAndChildrenGiveSequencesOfTheirOwn) {
  std::set<uint64_t> seen;
  size_t drawn = 0;
  const auto draw = [&](const CounterRandom& random) {
    for (uint64_t i = 0; i < 8; ++i, ++drawn) seen.insert(random.Bits(i));
  };
  draw(CounterRandom(1, "a"));
  draw(CounterRandom(1, "b"));
  draw(CounterRandom(2, "a"));
  for (uint64_t child = 0; child < 8; ++child) {
    draw(CounterRandom(1, "a").Child(child));
    draw(CounterRandom(1, "a").Child(child).Child(0));
    draw(CounterRandom(1, "a").Child(0).Child(child + 1));
  }
  EXPECT_EQ(seen.size(), drawn);
}

TEST(CounterRandomTest, AnIndexGivesTheSameNumberEveryTime) {
  const CounterRandom random(7, "test");
  EXPECT_EQ(random.Normal(123), CounterRandom(7, "test").Normal(123));
  EXPECT_EQ(random.Child(5).Bits(9), CounterRandom(7, "test").Child(5).Bits(9));
}

}  // namespace
}  // namespace localmamba
