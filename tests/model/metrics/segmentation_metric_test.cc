#include "model/metrics/segmentation_metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/golden.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

void ExpectNumber(double found, const nlohmann::json& expected) {
  if (expected.is_null()) {
    EXPECT_TRUE(std::isnan(found)) << found;
  } else {
    EXPECT_NEAR(found, expected.get<double>(), 1e-6);
  }
}

TEST(SegmentationMetricTest, AgreesWithMmsegmentation) {
  const auto maps = *LoadGoldenTensors(FindGoldenFile("seg_metric.safetensors", "heads"));
  std::ifstream file(FindGoldenFile("seg_metric.json", "heads"));
  const nlohmann::json expected = nlohmann::json::parse(file);
  SegmentationMetric metric(expected.at("num_classes").get<int64_t>());
  const GoldenTensor& predicted = maps.at("pred");
  const GoldenTensor& labels = maps.at("label");
  const auto pixels = static_cast<size_t>(labels.shape[1] * labels.shape[2]);
  for (size_t image = 0; image < static_cast<size_t>(labels.shape[0]); ++image) {
    const auto part = [&](const GoldenTensor& tensor) {
      return absl::MakeConstSpan(tensor.i32).subspan(image * pixels, pixels);
    };
    ASSERT_TRUE(metric.Add(part(predicted), part(labels)).ok());
  }
  for (size_t c = 0; c < metric.classes().size(); ++c) {
    SCOPED_TRACE(c);
    const ClassAreas& areas = metric.classes()[c];
    EXPECT_EQ(areas.intersection, expected.at("intersect").at(c));
    EXPECT_EQ(areas.in_union(), expected.at("union").at(c));
    EXPECT_EQ(areas.predicted, expected.at("pred_area").at(c));
    EXPECT_EQ(areas.labelled, expected.at("label_area").at(c));
    ExpectNumber(areas.iou(), expected.at("IoU").at(c));
    ExpectNumber(areas.accuracy(), expected.at("Acc").at(c));
  }
  ExpectNumber(metric.mean_iou(), expected.at("mIoU"));
  ExpectNumber(metric.mean_accuracy(), expected.at("mAcc"));
  ExpectNumber(metric.pixel_accuracy(), expected.at("aAcc"));
}

TEST(SegmentationMetricTest, WithoutLabelledPixelsNothingIsDefined) {
  SegmentationMetric metric(2);
  ASSERT_TRUE(metric.Add({0, 1}, {255, 255}).ok());
  EXPECT_TRUE(std::isnan(metric.mean_iou()));
  EXPECT_TRUE(std::isnan(metric.pixel_accuracy()));
}

TEST(SegmentationMetricTest, NamesWhatIsWrongAndAddsNothing) {
  SegmentationMetric metric(3);
  EXPECT_THAT(std::string(metric.Add({0, 1}, {0}).message()),
              HasSubstr("the prediction has 2 pixels, the label map 1"));
  EXPECT_THAT(std::string(metric.Add({0, 3}, {0, 1}).message()),
              HasSubstr("pixel 1 is predicted as 3 and labelled 1, wanted classes 0 to 2"));
  EXPECT_THAT(std::string(metric.Add({0, 1}, {-1, 1}).message()), HasSubstr("labelled -1"));
  EXPECT_EQ(metric.classes()[0].labelled, 0);
}

}  // namespace
}  // namespace localmamba
