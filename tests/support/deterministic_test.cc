#include "tests/support/deterministic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace localmamba {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::FloatNear;

TEST(DeterministicTest, MatchesTheSpotChecksOfTheReference) {
  EXPECT_EQ(DeterministicSeed("input"), 0x1EBBAE8F5810B65BU);
  EXPECT_THAT(DeterministicUniform("input", 4),
              ElementsAre(DoubleNear(0.09781832, 1e-7), DoubleNear(0.6523604, 1e-7),
                          DoubleNear(0.2036242, 1e-7), DoubleNear(0.2744446, 1e-7)));
  const auto starts_with = [](std::vector<float> values, float a, float b, float c) {
    values.resize(3);
    EXPECT_THAT(values, ElementsAre(FloatNear(a, 1e-6F), FloatNear(b, 1e-6F), FloatNear(c, 1e-6F)));
  };
  starts_with(DeterministicParameter("head.weight", {5, 32}), 0.1395197F, 0.1722952F,
              -0.0005467371F);
  starts_with(DeterministicParameter("layers.0.mixer.A_log_0", {64, 16}), -0.0001778841F,
              0.6726491F, 1.244336F);
  starts_with(DeterministicParameter("layers.0.mixer.dt_proj_0.bias", {64}), -2.17275F, -1.963658F,
              -2.427554F);
}

}  // namespace
}  // namespace localmamba
