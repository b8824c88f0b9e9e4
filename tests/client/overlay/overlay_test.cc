#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "client/overlay/detection_overlay.h"
#include "client/overlay/segmentation_overlay.h"

namespace localmamba::client {
namespace {

const Color kGrey(128, 128, 128);
const Color kWhite(255, 255, 255);

cv::Mat GreyPicture(cv::Size size) { return {size, CV_8UC3, ToScalar(kGrey)}; }

FoundObject ObjectAt(const cv::Rect2f& box) {
  return {.class_id = 3, .class_name = "motorcycle", .score = 0.9F, .box = box, .mask = {}};
}

int PixelsOf(const cv::Mat& picture, const Color& color) {
  cv::Mat found;
  cv::inRange(picture, ToScalar(color), ToScalar(color), found);
  return cv::countNonZero(found);
}

TEST(DetectionOverlayTest, ABoxIsDrawnAlongItsInside) {
  const cv::Mat drawn = DrawDetections(GreyPicture({640, 480}), {{ObjectAt({100, 200, 50, 40})}});
  const Color color = ColorOfClass(3);
  EXPECT_EQ(drawn.at<Color>(220, 100), color);
  EXPECT_EQ(drawn.at<Color>(220, 149), color);
  EXPECT_EQ(drawn.at<Color>(239, 120), color);
  EXPECT_EQ(drawn.at<Color>(220, 125), kGrey);
  EXPECT_EQ(drawn.at<Color>(300, 300), kGrey);
}

TEST(DetectionOverlayTest, AMaskIsSeenThrough) {
  FoundObject object = ObjectAt({100, 200, 100, 100});
  object.mask.where = cv::Rect(120, 220, 40, 40);
  object.mask.pixels = cv::Mat(40, 40, CV_8UC1, 255);
  const cv::Mat drawn = DrawDetections(GreyPicture({640, 480}), {{object}});
  const Color inside = drawn.at<Color>(240, 140);
  EXPECT_NE(inside, kGrey);
  EXPECT_NE(inside, ColorOfClass(3));
  EXPECT_EQ(drawn.at<Color>(270, 180), kGrey);
}

TEST(DetectionOverlayTest, ThePictureIsThereUnderALegend) {
  const cv::Mat drawn = DrawDetections(GreyPicture({640, 480}), {});
  EXPECT_EQ(drawn.cols, 640);
  EXPECT_GT(drawn.rows, 480);
  EXPECT_EQ(PixelsOf(drawn.rowRange(0, 480), kGrey), 640 * 480);
  EXPECT_LT(PixelsOf(drawn, kWhite), 640 * (drawn.rows - 480));  // something is written there
}

TEST(DetectionOverlayTest, AnySizeAndAnyBoxCanBeDrawn) {
  for (const cv::Size size :
       {cv::Size(1, 1), cv::Size(1, 300), cv::Size(3000, 2), cv::Size(64, 64)}) {
    std::vector<FoundObject> objects = {
        ObjectAt({0, 0, 0, 0}), ObjectAt({-50, -50, 5000, 5000}),
        ObjectAt({static_cast<float>(size.width), static_cast<float>(size.height), 10, 10})};
    objects[1].mask.where = cv::Rect({0, 0}, size);
    objects[1].mask.pixels = cv::Mat(size, CV_8UC1, 255);
    const cv::Mat drawn = DrawDetections(GreyPicture(size), objects);
    EXPECT_GE(drawn.cols, size.width);
    EXPECT_GE(drawn.rows, size.height);
  }
}

TEST(DetectionOverlayTest, SmallPicturesAreEnlargedByAWholeNumber) {
  const cv::Mat drawn = DrawDetections(GreyPicture({64, 64}), {});
  EXPECT_EQ(drawn.rows, 512);
}

TEST(SegmentationOverlayTest, RegionsHaveTheirColoursAndOthersStay) {
  cv::Mat labels(480, 640, CV_16UC1, cv::Scalar(7));
  labels.colRange(0, 320) = 300;
  const cv::Mat drawn = DrawSegmentation(GreyPicture({640, 480}), labels,
                                         {{300, "sky", {0, 0, 255}, int64_t{480} * 320}});
  const Color sky = drawn.at<Color>(10, 10);
  EXPECT_LT(sky[0], 100);
  EXPECT_GT(sky[2], 160);
  EXPECT_EQ(drawn.at<Color>(10, 600), kGrey);
  EXPECT_NE(drawn.at<Color>(10, 320), kGrey);    // the border
  EXPECT_GT(PixelsOf(drawn, {0, 0, 255}), 300);  // behind the name, and in the legend
}

TEST(SegmentationOverlayTest, AnySizeCanBeDrawn) {
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(1, 300), cv::Size(3000, 2)}) {
    const cv::Mat labels = cv::Mat::zeros(size, CV_16UC1);
    const cv::Mat drawn = DrawSegmentation(GreyPicture(size), labels, {{0, "", {9, 9, 9}, 1}});
    EXPECT_GE(drawn.cols, size.width);
  }
}

TEST(LegendTest, LongNamesAndManyClassesKeepTheirRoom) {
  cv::Mat labels = cv::Mat::zeros(100, 400, CV_16UC1);
  std::vector<FoundClass> classes;
  for (int i = 0; i < 150; ++i) {
    classes.push_back(
        {i, "a name that is longer than any that somebody would write", {1, 2, 3}, i});
  }
  const cv::Mat drawn = DrawSegmentation(GreyPicture({400, 100}), labels, classes);
  EXPECT_LT(drawn.rows, 2000);
}

}  // namespace
}  // namespace localmamba::client
