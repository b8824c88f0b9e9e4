#include "kernels/tensor/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace localmamba {
namespace {

TEST(HalfTest, EveryFloat16SurvivesTheWayThroughFloat) {
  for (uint32_t bits = 0; bits <= 0xffffU; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = FloatFromFloat16(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(FloatFromFloat16(Float16FromFloat(value))));
    } else {
      ASSERT_EQ(Float16FromFloat(value), half);
    }
  }
}

TEST(HalfTest, EveryBFloat16SurvivesTheWayThroughFloat) {
  for (uint32_t bits = 0; bits <= 0xffffU; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = FloatFromBFloat16(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(FloatFromBFloat16(BFloat16FromFloat(value))));
    } else {
      ASSERT_EQ(BFloat16FromFloat(value), half);
    }
  }
}

TEST(HalfTest, RoundsToNearestTiesToEven) {
  EXPECT_EQ(Float16FromFloat(1.0F + 0x1p-11F), 0x3c00);             // a tie: down to even
  EXPECT_EQ(Float16FromFloat(1.0F + 0x3p-11F), 0x3c02);             // a tie: up to even
  EXPECT_EQ(Float16FromFloat(1.0F + 0x1p-11F + 0x1p-20F), 0x3c01);  // above the tie
  EXPECT_EQ(Float16FromFloat(65519.0F), 0x7bff);
  EXPECT_EQ(Float16FromFloat(65520.0F), 0x7c00);
  EXPECT_EQ(Float16FromFloat(0x1p-25F), 0x0000);  // half of the smallest: to even
  EXPECT_EQ(Float16FromFloat(0x3p-25F), 0x0002);
  EXPECT_EQ(Float16FromFloat(-0.0F), 0x8000);
  EXPECT_EQ(BFloat16FromFloat(1.0F + 0x1p-8F), 0x3f80);
  EXPECT_EQ(BFloat16FromFloat(1.0F + 0x3p-8F), 0x3f82);
  EXPECT_EQ(BFloat16FromFloat(std::numeric_limits<float>::max()), 0x7f80);
}

}  // namespace
}  // namespace localmamba
