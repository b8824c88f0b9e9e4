#include "model/vision/coco_classes.h"

#include <gtest/gtest.h>

namespace localmamba {
namespace {

TEST(CocoClassesTest, FollowTheCategoryIds) {
  const absl::Span<const CocoClass> classes = CocoClasses();
  ASSERT_EQ(classes.size(), 80U);
  EXPECT_EQ(classes[0].name, "person");
  EXPECT_EQ(classes[11].name, "stop sign");
  EXPECT_EQ(classes[11].category_id, 13);
  EXPECT_EQ(classes[79].name, "toothbrush");
  EXPECT_EQ(classes[79].category_id, 90);
  for (size_t i = 1; i < classes.size(); ++i) {
    EXPECT_LT(classes[i - 1].category_id, classes[i].category_id);
  }
}

}  // namespace
}  // namespace localmamba
