#include "kernels/detection/decode_anchors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/reference/detection.h"
#include "tests/support/backend.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class DecodeAnchorsTest : public BackendTest<OnlyCase> {};

TEST_P(DecodeAnchorsTest, AgreesWithReferenceBesideOtherMaps) {
  const AnchorGrid grid{.height = 3, .width = 4, .stride = 8};
  constexpr int64_t B = 2;
  constexpr int64_t k = 5;
  const std::vector<int32_t> indices = {3, 35, 0, 7, 20, 1, 2, 17, 34, 9};
  TestTensor scores = TestTensor::Random({B, k}, 1, 0, 1);
  TestTensor deltas = TestTensor::Random({B, grid.anchors(), 4}, 2, -0.1, 0.1);
  const std::vector<float> limits = {24, 32, 20, 30};
  TestTensor boxes({B, k + 3, 4});
  TestTensor y_scores({B, k + 3});
  std::vector<int32_t> levels(k);
  const TensorView y_levels = Upload({levels.data(), DType::kInt32, {k}});
  ASSERT_TRUE(Fetch(DecodeAnchors({.grid = grid,
                                   .level = 3,
                                   .indices = Upload({indices.data(), DType::kInt32, {B, k}}),
                                   .scores = Float32(scores),
                                   .deltas = Data(deltas),
                                   .limits = Upload({limits.data(), DType::kFloat32, {B, 2}}),
                                   .boxes = Float32(boxes).Slice(1, 2, 2 + k),
                                   .y_scores = Float32(y_scores).Slice(1, 2, 2 + k),
                                   .y_levels = y_levels},
                                  stream())));
  ASSERT_TRUE(Fetch(y_levels, {levels.data(), DType::kInt32, {k}}));
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

TEST_P(DecodeAnchorsTest, RulesOutBoxesWithoutArea) {
  const AnchorGrid grid{.height = 1, .width = 1, .stride = 4};
  TestTensor scores({1, 1});
  scores.storage() = {0.9F};
  TestTensor deltas({1, 3, 4});
  deltas.storage().assign(12, 0.0F);
  deltas.storage()[4] = 10;  // far to the right of the image
  TestTensor limits({1, 2});
  limits.storage() = {32, 32};
  TestTensor box({1, 1, 4});
  TestTensor y_score({1, 1});
  const std::vector<int32_t> indices = {1};
  ASSERT_TRUE(Fetch(DecodeAnchors({.grid = grid,
                                   .indices = Upload({indices.data(), DType::kInt32, {1, 1}}),
                                   .scores = Float32(scores),
                                   .deltas = Data(deltas),
                                   .limits = Float32(limits),
                                   .boxes = Float32(box),
                                   .y_scores = Float32(y_score),
                                   .y_levels = Upload({indices.data(), DType::kInt32, {1}})},
                                  stream())));
  EXPECT_EQ(y_score.values().front(), -std::numeric_limits<double>::infinity());
}

INSTANTIATE_TEST_SUITE_P(Devices, DecodeAnchorsTest,
                         ::testing::Combine(::testing::ValuesIn(Backends()),
                                            ::testing::Values(OnlyCase{})),
                         BackendCaseName);

TEST(DecodeAnchorsErrorTest, NamesWhatIsWrong) {
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
