#include "kernels/image/normalize_pixels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(NormalizePixelsTest, EqualsTheGoldenTensor) {
  const std::string path = FindGoldenFile("preprocess_smooth_and_edges_640x427.safetensors");
  if (path.empty()) GTEST_SKIP() << "golden file not found";
  auto golden = LoadGoldenTensors(path);
  ASSERT_TRUE(golden.ok()) << golden.status();
  const std::vector<int32_t>& levels = golden->at("pixels_u8").i32;
  const std::vector<float>& expected = golden->at("tensor").f32;
  const std::vector<uint8_t> pixels(levels.begin(), levels.end());
  std::vector<float> y(pixels.size());
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  const absl::Status status =
      NormalizePixels({pixels.data(), DType::kUInt8, {1, 224, 224, 3}}, {},
                      {y.data(), DType::kFloat32, {1, 3, 224, 224}}, stream);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(expected.size(), y.size());
  for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], expected[i], 1e-6) << "at " << i;
}

TEST(NormalizePixelsTest, SeparatesImagesAndChannels) {
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  const std::vector<uint8_t> pixels = {0, 51, 102, 153, 204, 255, /**/ 255, 204, 153, 102, 51, 0};
  std::vector<float> y(12);
  const PixelNormalization normalization = {.mean = {0, 1, 0}, .std = {1, 1, 2}};
  ASSERT_TRUE(NormalizePixels({pixels.data(), DType::kUInt8, {2, 1, 2, 3}}, normalization,
                              {y.data(), DType::kFloat32, {2, 3, 1, 2}}, stream)
                  .ok());
  const std::vector<float> expected = {0.0F, 0.6F, -0.8F, -0.2F, 0.2F, 0.5F,
                                       1.0F, 0.4F, -0.2F, -0.8F, 0.3F, 0.0F};
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-7);
}

TEST(NormalizePixelsTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<uint8_t> pixels(12);
  std::vector<float> values(12);
  const ConstTensorView x(pixels.data(), DType::kUInt8, {1, 2, 2, 3});
  const absl::Status shape =
      NormalizePixels(x, {}, {values.data(), DType::kFloat32, {1, 2, 2, 3}}, stream);
  EXPECT_EQ(shape.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(shape.message()),
              HasSubstr("normalize_pixels: \"y\" is f32[1,2,2,3] on cpu, wanted f32[1,3,2,2]"));
  const absl::Status zero = NormalizePixels(x, {.mean = {0, 0, 0}, .std = {1, 0, 1}},
                                            {values.data(), DType::kFloat32, {1, 3, 2, 2}}, stream);
  EXPECT_EQ(zero.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(zero.message()), HasSubstr("std is 0, wanted more than 0"));
}

}  // namespace
}  // namespace localmamba
