#include "model/vision/detected_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/golden_operators.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

// An image twice as large in the network's input.
constexpr ImageGeometry kGeometry = {.source_height = 20,
                                     .source_width = 30,
                                     .resized_height = 40,
                                     .resized_width = 60,
                                     .input_height = 64,
                                     .input_width = 64};

TEST(FindObjectsTest, ScalesBoxesAndPaintsMasks) {
  const std::vector<float> boxes = {4, 8, 24, 28, 0, 0, 2, 2};
  const std::vector<float> scores = {0.9F, 0};
  const std::vector<int32_t> classes = {3, 0};
  const std::vector<float> logits(2 * 28 * 28, 5.0F);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  RawDetections detections{.count = 1,
                           .boxes = {boxes.data(), DType::kFloat32, {2, 4}},
                           .scores = {scores.data(), DType::kFloat32, {2}},
                           .classes = {classes.data(), DType::kInt32, {2}},
                           .mask_logits = {logits.data(), DType::kFloat32, {2, 28, 28}}};
  const auto objects = FindObjects(detections, kGeometry, stream).value();
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0].box.x1, 2);
  EXPECT_EQ(objects[0].box.y2, 14);
  EXPECT_EQ(objects[0].score, 0.9F);
  EXPECT_EQ(objects[0].class_id, 3);
  EXPECT_EQ(objects[0].mask.height, 20);
  EXPECT_EQ(objects[0].mask.width, 30);
  EXPECT_EQ(BoundingBox(objects[0].mask), (PixelBox{2, 4, 10, 10}));

  detections.mask_logits = {};
  const auto without_masks = FindObjects(detections, kGeometry, stream).value();
  EXPECT_TRUE(without_masks[0].mask.counts.empty());
}

TEST(FindObjectsTest, DividesBoxesAsTheReferenceDoes) {
  const GoldenTensors golden = GoldenOperators();
  const GoldenTensor& boxes = golden.at("box_map.network");
  const std::vector<float>& expected = golden.at("box_map.source").f32;
  const std::vector<float> scores(10, 1.0F);
  const std::vector<int32_t> classes(10);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  // 200 x 148 pixels at 256 x 189, as in the table's sw and sh.
  const ImageGeometry geometry{
      .source_height = 148, .source_width = 200, .resized_height = 189, .resized_width = 256};
  const auto objects = FindObjects({.count = 10,
                                    .boxes = boxes.view(),
                                    .scores = {scores.data(), DType::kFloat32, {10}},
                                    .classes = {classes.data(), DType::kInt32, {10}}},
                                   geometry, stream)
                           .value();
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_NEAR(objects[i].box.x1, expected[i * 4], 2e-5 * (1 + expected[i * 4]));
    EXPECT_NEAR(objects[i].box.y2, expected[i * 4 + 3], 2e-5 * (1 + expected[i * 4 + 3]));
  }
}

TEST(FindObjectsTest, GivesEmptyMasksOutsideTheImage) {
  const std::vector<float> box = {50, 45, 60, 60};  // in the padding
  const std::vector<float> score = {0.5F};
  const std::vector<int32_t> class_id = {1};
  const std::vector<float> logits(28 * 28, 5.0F);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const auto objects = FindObjects({.count = 1,
                                    .boxes = {box.data(), DType::kFloat32, {1, 4}},
                                    .scores = {score.data(), DType::kFloat32, {1}},
                                    .classes = {class_id.data(), DType::kInt32, {1}},
                                    .mask_logits = {logits.data(), DType::kFloat32, {1, 28, 28}}},
                                   kGeometry, stream)
                           .value();
  EXPECT_EQ(Area(objects[0].mask), 0);
  EXPECT_EQ(objects[0].mask.height, 20);
}

TEST(FindObjectsTest, NamesWhatIsWrong) {
  const std::vector<float> box(4);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const auto objects =
      FindObjects({.count = 2, .boxes = {box.data(), DType::kFloat32, {1, 4}}}, kGeometry, stream);
  EXPECT_EQ(objects.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(objects.status().message()),
              HasSubstr("find_objects: \"boxes\" is f32[1,4] on cpu, wanted as many rows as"));
}

}  // namespace
}  // namespace localmamba
