#include "client/overlay/color.h"

#include <gtest/gtest.h>

namespace localmamba::client {
namespace {

TEST(ColorTest, ClassesNearEachOtherLookDifferent) {
  for (int a = 0; a < 80; ++a) {
    for (int b = a + 1; b < a + 12; ++b) {
      EXPECT_GT(cv::norm(ColorOfClass(a), ColorOfClass(b)), 60) << a << " and " << b;
    }
  }
}

// The Python client tests the same values.
TEST(ColorTest, IsThatOfThePythonClient) {
  EXPECT_EQ(ColorOfClass(0), Color(38, 151, 255));
  EXPECT_EQ(ColorOfClass(1), Color(229, 255, 115));
  EXPECT_EQ(ColorOfClass(79), Color(115, 255, 175));
}

TEST(ColorTest, WritingStandsOut) {
  EXPECT_EQ(ReadableOn({255, 255, 255}), Color(0, 0, 0));
  EXPECT_EQ(ReadableOn({255, 255, 0}), Color(0, 0, 0));
  EXPECT_EQ(ReadableOn({0, 0, 200}), Color(255, 255, 255));
}

}  // namespace
}  // namespace localmamba::client
