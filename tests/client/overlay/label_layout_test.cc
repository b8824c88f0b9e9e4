#include "client/overlay/label_layout.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>

namespace localmamba::client {
namespace {

const cv::Size kPicture(640, 480);
const cv::Size kLabel(80, 18);

TEST(LabelLayoutTest, ALabelStandsOnItsBox) {
  const auto places = PlaceLabels({{{cv::Rect(100, 100, 200, 200), kLabel}}}, kPicture);
  EXPECT_EQ(places[0], cv::Rect({100, 82}, kLabel));
}

TEST(LabelLayoutTest, LabelsStayInThePicture) {
  for (const cv::Rect box : {cv::Rect(0, 0, 640, 480), cv::Rect(635, 0, 5, 5),
                             cv::Rect(0, 478, 2, 2), cv::Rect(600, 470, 40, 10)}) {
    const auto places = PlaceLabels({{{box, kLabel}}}, kPicture);
    ASSERT_TRUE(places[0].has_value());
    EXPECT_EQ(*places[0] & cv::Rect({0, 0}, kPicture), *places[0]);
  }
}

TEST(LabelLayoutTest, LabelsNeverCoverEachOther) {
  std::mt19937 generator(1);
  std::vector<LabelWish> wishes;
  for (int i = 0; i < 100; ++i) {
    const int x = static_cast<int>(generator() % 500);
    const int y = static_cast<int>(generator() % 400);
    wishes.push_back({cv::Rect(x, y, 100, 60), kLabel});
  }
  const auto places = PlaceLabels(wishes, kPicture);
  EXPECT_TRUE(places[0].has_value());
  int placed = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    if (!places[i].has_value()) continue;
    ++placed;
    for (size_t j = 0; j < i; ++j) {
      if (places[j].has_value()) {
        EXPECT_TRUE((*places[i] & *places[j]).empty());
      }
    }
  }
  EXPECT_GT(placed, 50);
}

TEST(LabelLayoutTest, LabelsAvoidTheBoxesOfOthers) {
  const auto places = PlaceLabels(
      {{{cv::Rect(100, 100, 200, 100), kLabel}, {cv::Rect(100, 40, 90, 60), kLabel}}}, kPicture);
  EXPECT_TRUE((*places[0] & cv::Rect(100, 40, 90, 60)).empty());
}

TEST(LabelLayoutTest, APictureTooSmallHasNoLabels) {
  EXPECT_EQ(PlaceLabels({{{cv::Rect(0, 0, 5, 5), kLabel}}}, {79, 100})[0], std::nullopt);
}

}  // namespace
}  // namespace localmamba::client
