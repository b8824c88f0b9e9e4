#include "model/vision/ade20k_classes.h"

#include <gtest/gtest.h>

#include <set>

namespace localmamba {
namespace {

TEST(Ade20kClassesTest, AreThoseOfTheBenchmarkInOrder) {
  const absl::Span<const Ade20kClass> classes = Ade20kClasses();
  ASSERT_EQ(classes.size(), 150U);
  EXPECT_EQ(classes[0].name, "wall");
  EXPECT_EQ(classes[0].color, (std::array<uint8_t, 3>{120, 120, 120}));
  EXPECT_EQ(classes[7].name, "bed");
  EXPECT_EQ(classes[149].name, "flag");
  std::set<std::array<uint8_t, 3>> colors;
  for (const Ade20kClass& ade_class : classes) {
    EXPECT_FALSE(ade_class.name.empty());
    EXPECT_NE(ade_class.name.back(), ' ');
    colors.insert(ade_class.color);
  }
  EXPECT_EQ(colors.size(), 149U);  // two classes share one
}

}  // namespace
}  // namespace localmamba
