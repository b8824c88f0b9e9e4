#include "kernels/detection/decode_anchors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/reference/detection.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(DecodeAnchorsTest, AgreesWithReferenceBesideOtherMaps) {
  const AnchorGrid grid{.height = 3, .width = 4, .stride = 8};
  constexpr int64_t B = 2;
  constexpr int64_t k = 5;
  std::vector<int32_t> indices = {3, 35, 0, 7, 20, 1, 2, 17, 34, 9};
  TestTensor scores = TestTensor::Random({B, k}, 1, 0, 1);
  TestTensor deltas = TestTensor::Random({B, grid.anchors(), 4}, 2, -0.1, 0.1);
  std::vector<float> limits = {24, 32, 20, 30};
  TestTensor boxes({B, k + 3, 4});
  TestTensor y_scores({B, k + 3});
  std::vector<int32_t> levels(k);
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  ASSERT_TRUE(DecodeAnchors({.grid = grid,
                             .level = 3,
                             .indices = {indices.data(), DType::kInt32, {B, k}},
                             .scores = scores.view(),
                             .deltas = deltas.view(),
                             .limits = {limits.data(), DType::kFloat32, {B, 2}},
                             .boxes = boxes.view().Slice(1, 2, 2 + k),
                             .y_scores = y_scores.view().Slice(1, 2, 2 + k),
                             .y_levels = {levels.data(), DType::kInt32, {k}}},
                            stream)
                  .ok());
  EXPECT_EQ(levels, std::vector<int32_t>(k, 3));
  const std::vector<double> delta = deltas.values();
  for (size_t b = 0; b < B; ++b) {
    for (size_t i = 0; i < k; ++i) {
      const auto anchor = static_cast<size_t>(indices[b * k + i]);
      const size_t d = (b * static_cast<size_t>(grid.anchors()) + anchor) * 4;
      const double ratio = std::vector<double>{0.5, 1, 2}[anchor % 3];
      const auto expected =
          reference::DecodeBox(reference::Anchor(static_cast<int64_t>(anchor) / 12,
                                                 static_cast<int64_t>(anchor) / 3 % 4, 8, ratio),
                               {delta[d], delta[d + 1], delta[d + 2], delta[d + 3]}, {1, 1, 1, 1},
                               limits[b * 2], limits[b * 2 + 1]);
      for (size_t corner = 0; corner < 4; ++corner) {
        EXPECT_NEAR(boxes.values()[(b * (k + 3) + 2 + i) * 4 + corner], expected[corner], 1e-4);
      }
      EXPECT_EQ(y_scores.values()[b * (k + 3) + 2 + i], scores.values()[b * k + i]);
    }
  }
}

TEST(DecodeAnchorsTest, RulesOutBoxesWithoutArea) {
  const AnchorGrid grid{.height = 1, .width = 1, .stride = 4};
  std::vector<int32_t> indices = {1};
  std::vector<float> scores = {0.9F};
  std::vector<float> deltas(12);
  deltas[4] = 10;  // far to the right of the image
  std::vector<float> limits = {32, 32};
  std::vector<float> box(4);
  float y_score = 0;
  int32_t level = 0;
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  ASSERT_TRUE(DecodeAnchors({.grid = grid,
                             .indices = {indices.data(), DType::kInt32, {1, 1}},
                             .scores = {scores.data(), DType::kFloat32, {1, 1}},
                             .deltas = {deltas.data(), DType::kFloat32, {1, 3, 4}},
                             .limits = {limits.data(), DType::kFloat32, {1, 2}},
                             .boxes = {box.data(), DType::kFloat32, {1, 1, 4}},
                             .y_scores = {&y_score, DType::kFloat32, {1, 1}},
                             .y_levels = {&level, DType::kInt32, {1}}},
                            stream)
                  .ok());
  EXPECT_EQ(y_score, -std::numeric_limits<float>::infinity());
}

TEST(DecodeAnchorsTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  std::vector<int32_t> indices(2);
  TestTensor scores({1, 2});
  TestTensor deltas({1, 5, 4});
  const absl::Status status = DecodeAnchors({.grid = {.height = 1, .width = 2},
                                             .indices = {indices.data(), DType::kInt32, {1, 2}},
                                             .scores = scores.view(),
                                             .deltas = deltas.view()},
                                            stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("\"deltas\" is f32[1,5,4] on cpu, wanted f32[1,6,4]"));
}

}  // namespace
}  // namespace localmamba
