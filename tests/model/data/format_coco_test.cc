#include "model/data/format_coco.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(FormatCocoTest, IsReadBackTheSame) {
  const std::vector<CocoResult> results = {
      {.image_id = 139,
       .category_id = 90,
       .score = 0.1F,
       .box = {1.0 / 3, -2.5, 1e-9, 640},
       .mask = {.height = 3, .width = 4, .counts = {1, 2, 5, 4}}},
      {.image_id = 7, .category_id = 1, .score = 1, .box = {0, 0, 1, 1}, .mask = {2, 2, {4}}}};
  const auto boxes = ParseCocoResults(FormatCocoBoxes(results), "boxes").value();
  const auto masks = ParseCocoResults(FormatCocoMasks(results), "masks").value();
  ASSERT_THAT(boxes, SizeIs(2));
  ASSERT_THAT(masks, SizeIs(2));
  for (size_t i = 0; i < results.size(); ++i) {
    for (const CocoResult& read : {boxes[i], masks[i]}) {
      EXPECT_EQ(read.image_id, results[i].image_id);
      EXPECT_EQ(read.category_id, results[i].category_id);
      EXPECT_EQ(read.score, results[i].score);
    }
    EXPECT_EQ(boxes[i].box, results[i].box);
    EXPECT_EQ(masks[i].mask, results[i].mask);
    EXPECT_EQ(boxes[i].mask, RunLengths());
  }
  EXPECT_THAT(ParseCocoResults(FormatCocoBoxes({}), "none").value(), SizeIs(0));
}

TEST(SelectImagesTest, KeepsTheirObjectsAndAllCategories) {
  CocoGroundTruth truth;
  truth.images = {{1, {"a", 2, 2}}, {2, {"b", 2, 2}}, {3, {"c", 2, 2}}};
  truth.categories = {{5, "x"}, {6, "y"}};
  truth.category_order = {6, 5};
  for (const int64_t image : {3, 1, 2, 3}) {
    truth.objects.push_back({.image_id = image, .category_id = 5, .mask = {}});
  }
  const CocoGroundTruth selected = SelectImages(truth, {3, 2});
  EXPECT_THAT(selected.images, SizeIs(2));
  EXPECT_EQ(selected.images.at(2).file_name, "b");
  EXPECT_THAT(selected.categories, SizeIs(2));
  EXPECT_THAT(selected.category_order, ElementsAre(6, 5));
  ASSERT_THAT(selected.objects, SizeIs(3));
  EXPECT_EQ(selected.objects[1].image_id, 2);
}

}  // namespace
}  // namespace localmamba
