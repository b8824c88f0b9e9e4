#include "kernels/detection/paste_masks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/detection/run_lengths.h"
#include "tests/reference/detection.h"
#include "tests/support/golden_operators.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

std::vector<uint8_t> Paste(const std::vector<float>& probabilities, const std::vector<float>& boxes,
                           int64_t M, int64_t height, int64_t width, int64_t top = 0,
                           int64_t left = 0) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const auto N = static_cast<int64_t>(boxes.size()) / 4;
  std::vector<uint8_t> masks(static_cast<size_t>(N * height * width), 7);
  const absl::Status status =
      PasteMasks({.probabilities = {probabilities.data(), DType::kFloat32, {N, M, M}},
                  .boxes = {boxes.data(), DType::kFloat32, {N, 4}},
                  .top = top,
                  .left = left,
                  .masks = {masks.data(), DType::kUInt8, {N, height, width}}},
                 stream);
  EXPECT_TRUE(status.ok()) << status;
  return masks;
}

int64_t Pixels(const std::vector<uint8_t>& mask) {
  return std::accumulate(mask.begin(), mask.end(), int64_t{0});
}

TEST(PasteMasksTest, AgreesWithReferenceAwayFromTheThreshold) {
  TestTensor maps = TestTensor::Random({3, 5, 5}, 1, 0, 1);
  const std::vector<float> boxes = {2.5F, 3, 20, 17.5F, -4, -3, 9, 30, 12, 5, 14, 40};
  const std::vector<uint8_t> masks = Paste(maps.storage(), boxes, 5, 24, 22);
  for (size_t n = 0; n < 3; ++n) {
    const std::vector<double> all = maps.values();
    const std::vector<double> map(all.begin() + static_cast<std::ptrdiff_t>(n * 25),
                                  all.begin() + static_cast<std::ptrdiff_t>(n * 25 + 25));
    for (int64_t i = 0; i < 24 * 22; ++i) {
      const double value = reference::PastedValue(
          map, 5, {boxes[n * 4], boxes[n * 4 + 1], boxes[n * 4 + 2], boxes[n * 4 + 3]}, i / 22,
          i % 22);
      if (std::abs(value - 0.5) < 1e-5) continue;
      EXPECT_EQ(masks[n * 24 * 22 + static_cast<size_t>(i)], value >= 0.5 ? 1 : 0)
          << n << ", " << i;
    }
  }
}

TEST(PasteMasksTest, AgreesWithPublishedCounts) {
  std::vector<float> square(28 * 28);
  for (size_t i = 0; i < square.size(); ++i) {
    const bool inside = i / 28 >= 7 && i / 28 <= 20 && i % 28 >= 7 && i % 28 <= 20;
    square[i] = inside ? 1 : 0;
  }
  const std::vector<float> constant(28 * 28, 0.8F);
  const std::vector<float> box = {10.3F, 20.7F, 66.3F, 104.2F};
  EXPECT_EQ(Pixels(Paste(square, box, 28, 120, 100)), 1146);
  EXPECT_EQ(Pixels(Paste(constant, box, 28, 120, 100)), 4565);
  EXPECT_EQ(Pixels(Paste(constant, {10, 20, 66, 104}, 28, 120, 100)), 4700);
}

TEST(PasteMasksTest, AgreesWithGoldenOperators) {
  const GoldenTensors golden = GoldenOperators();
  const GoldenTensor& expected = golden.at("paste.masks");
  const std::vector<uint8_t> masks =
      Paste(golden.at("paste.probs").f32, golden.at("paste.boxes").f32, 28, 57, 83);
  EXPECT_EQ(std::vector<int32_t>(masks.begin(), masks.end()), expected.i32);
  const nlohmann::json runs = GoldenOperatorTables().at("paste").at("rle");
  for (size_t n = 0; n < runs.size(); ++n) {
    const ConstTensorView mask(&masks[n * 57 * 83], DType::kUInt8, {57, 83});
    EXPECT_EQ(FormatRunLengths(EncodeRunLengths(mask)), runs[n].at("counts").get<std::string>());
  }
}

TEST(PasteMasksTest, GivesThePartOfTheImageThatIsAsked) {
  TestTensor map = TestTensor::Random({1, 28, 28}, 3, 0, 1);
  const std::vector<float> box = {5.3F, 8.1F, 40.2F, 30.9F};
  const std::vector<uint8_t> whole = Paste(map.storage(), box, 28, 50, 60);
  const PixelWindow window = MaskWindow({5.3F, 8.1F, 40.2F, 30.9F}, 50, 60);
  const int64_t height = window.bottom - window.top;
  const int64_t width = window.right - window.left;
  const std::vector<uint8_t> part =
      Paste(map.storage(), box, 28, height, width, window.top, window.left);
  EXPECT_EQ(EncodeRunLengths({part.data(), DType::kUInt8, {height, width}}, window.top, window.left,
                             50, 60),
            EncodeRunLengths({whole.data(), DType::kUInt8, {50, 60}}));
}

TEST(PasteMasksTest, LeavesBoxesOutsideTheImageEmpty) {
  const std::vector<float> ones(28 * 28, 1.0F);
  EXPECT_EQ(Pixels(Paste(ones, {50, 5, 60, 15}, 28, 20, 20)), 0);
  const PixelWindow window = MaskWindow({50, 5, 60, 15}, 20, 20);
  EXPECT_EQ(window.bottom, 0);
  EXPECT_EQ(window.right, 0);
}

TEST(PasteMasksTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor maps({2, 28, 14});
  const absl::Status status = PasteMasks({.probabilities = maps.view()}, stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr("paste_masks: \"probabilities\" is f32[2,28,14] on cpu, wanted square maps"));
}

}  // namespace
}  // namespace localmamba
