#include "kernels/image/resize_antialiased.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "hwy/targets.h"
#include "tests/reference/resize.h"
#include "tests/support/golden.h"
#include "tests/support/highway_targets.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

std::vector<uint8_t> RandomPixels(const Shape& shape) {
  std::mt19937 generator(7);
  std::vector<uint8_t> pixels(static_cast<size_t>(shape.elements()));
  // Many extremes, so that sums leave 0 ... 255 and are clipped.
  for (uint8_t& pixel : pixels) {
    const uint32_t draw = generator() % 512;
    pixel = static_cast<uint8_t>(draw < 128 ? 0 : draw < 256 ? 255 : draw - 256);
  }
  return pixels;
}

struct ResizeCase {
  std::string name;
  Shape x;
  int64_t Ho, Wo;
  ResizeFilter filter = ResizeFilter::kBicubic;
};

class ResizeAntialiasedTest : public ::testing::TestWithParam<ResizeCase> {};

TEST_P(ResizeAntialiasedTest, AgreesWithReferenceOnEveryInstructionSet) {
  const ResizeCase& c = GetParam();
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  const std::vector<uint8_t> pixels = RandomPixels(c.x);
  const std::vector<double> expected =
      reference::ResizeAntialiased({pixels.begin(), pixels.end()}, c.x, c.Ho, c.Wo, c.filter);
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const ScopedHighwayTarget scope(target);
    std::vector<uint8_t> y(static_cast<size_t>(c.Ho * c.Wo * c.x[2]));
    const absl::Status status =
        ResizeAntialiased({pixels.data(), DType::kUInt8, c.x}, c.filter,
                          {y.data(), DType::kUInt8, {c.Ho, c.Wo, c.x[2]}}, stream);
    ASSERT_TRUE(status.ok()) << status;
    // Weights of 22 bits move a sum by at most 255 * taps * 2^-23, so that a value next to one half
    // may round the other way: one level in either pass, on few pixels.
    size_t different = 0;
    for (size_t i = 0; i < y.size(); ++i) {
      ASSERT_NEAR(y[i], expected[i], 1.0) << "at " << i << " with " << hwy::TargetName(target);
      if (y[i] != expected[i]) ++different;
    }
    EXPECT_LE(different, 1 + y.size() / 1000);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ResizeAntialiasedTest,
    ::testing::Values(ResizeCase{.name = "OnePixel", .x = {1, 1, 3}, .Ho = 1, .Wo = 1},
                      ResizeCase{.name = "OnePixelToMany", .x = {1, 1, 3}, .Ho = 5, .Wo = 7},
                      ResizeCase{.name = "ManyToOnePixel", .x = {33, 17, 3}, .Ho = 1, .Wo = 1},
                      ResizeCase{.name = "SameSize", .x = {17, 33, 3}, .Ho = 17, .Wo = 33},
                      ResizeCase{.name = "Smaller", .x = {97, 133, 3}, .Ho = 32, .Wo = 51},
                      ResizeCase{.name = "Larger", .x = {17, 33, 3}, .Ho = 50, .Wo = 41},
                      ResizeCase{.name = "WiderAndLower", .x = {64, 20, 3}, .Ho = 9, .Wo = 37},
                      ResizeCase{.name = "OneChannel", .x = {97, 133, 1}, .Ho = 32, .Wo = 51},
                      ResizeCase{.name = "FourChannels", .x = {97, 133, 4}, .Ho = 32, .Wo = 51},
                      ResizeCase{.name = "Bilinear",
                                 .x = {97, 133, 3},
                                 .Ho = 32,
                                 .Wo = 51,
                                 .filter = ResizeFilter::kBilinear},
                      ResizeCase{.name = "BilinearLarger",
                                 .x = {7, 5, 3},
                                 .Ho = 33,
                                 .Wo = 17,
                                 .filter = ResizeFilter::kBilinear}),
    [](const auto& info) { return info.param.name; });

// The image of the golden case preprocess_smooth_and_edges_640x427, by its formula in cases.json.
std::vector<uint8_t> SmoothAndEdges(int64_t width, int64_t height) {
  std::vector<uint8_t> pixels;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const bool smooth = x < width / 2 || y < height / 2;
      pixels.push_back(static_cast<uint8_t>(smooth ? x * 255 / (width - 1) : (x ^ y) & 255));
      pixels.push_back(static_cast<uint8_t>(y * 255 / (height - 1)));
      pixels.push_back(static_cast<uint8_t>(200 * ((x / 32 + y / 32) & 1) + x * y / 97 % 56));
    }
  }
  return pixels;
}

TEST(ResizeAntialiasedTest, EqualsPillowBitForBit) {
  const std::string path = FindGoldenFile("preprocess_smooth_and_edges_640x427.safetensors");
  if (path.empty()) GTEST_SKIP() << "golden file not found";
  auto golden = LoadGoldenTensors(path);
  ASSERT_TRUE(golden.ok()) << golden.status();
  const std::vector<int32_t>& expected = golden->at("pixels_u8").i32;
  Stream stream = *Stream::Create(Device::Cpu(), 2);
  const std::vector<uint8_t> image = SmoothAndEdges(640, 427);
  std::vector<uint8_t> resized(256 * 383 * 3);
  const TensorView y(resized.data(), DType::kUInt8, {256, 383, 3});
  ASSERT_TRUE(ResizeAntialiased({image.data(), DType::kUInt8, {427, 640, 3}},
                                ResizeFilter::kBicubic, y, stream)
                  .ok());
  const TensorView crop = y.Slice(0, 16, 16 + 224).Slice(1, 80, 80 + 224);
  size_t different = 0;
  for (int64_t i = 0; i < 224 * 224 * 3; ++i) {
    const int64_t row = i / (224 * 3);
    const uint8_t found = crop.data<uint8_t>()[row * crop.stride(0) + i % (224 * 3)];
    if (found != expected[static_cast<size_t>(i)]) ++different;
  }
  EXPECT_EQ(different, 0U);
}

TEST(ResizeAntialiasedTest, ReadsStridedRows) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const std::vector<uint8_t> pixels = RandomPixels({20, 30, 3});
  const ConstTensorView whole(pixels.data(), DType::kUInt8, {20, 30, 3});
  const ConstTensorView part = whole.Slice(1, 3, 20);
  std::vector<uint8_t> dense;
  for (int64_t row = 0; row < 20; ++row) {
    const uint8_t* begin = part.data<uint8_t>() + row * part.stride(0);
    dense.insert(dense.end(), begin, begin + 17 * 3);
  }
  std::vector<uint8_t> from_part(5 * 7 * 3);
  std::vector<uint8_t> from_dense(5 * 7 * 3);
  ASSERT_TRUE(ResizeAntialiased(part, ResizeFilter::kBicubic,
                                {from_part.data(), DType::kUInt8, {5, 7, 3}}, stream)
                  .ok());
  ASSERT_TRUE(ResizeAntialiased({dense.data(), DType::kUInt8, {20, 17, 3}}, ResizeFilter::kBicubic,
                                {from_dense.data(), DType::kUInt8, {5, 7, 3}}, stream)
                  .ok());
  EXPECT_EQ(from_part, from_dense);
}

TEST(ResizeAntialiasedTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  std::vector<uint8_t> pixels(300);
  const auto message = [&](const Shape& x, const Shape& y) {
    const absl::Status status =
        ResizeAntialiased({pixels.data(), DType::kUInt8, x}, ResizeFilter::kBicubic,
                          {pixels.data(), DType::kUInt8, y}, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({10, 10, 2}, {5, 5, 2}),
              HasSubstr("resize_antialiased: \"x\" is u8[10,10,2] on cpu, wanted 1, 3 or 4"));
  EXPECT_THAT(message({10, 10, 3}, {5, 5, 1}), HasSubstr("\"y\" is u8[5,5,1]"));
  EXPECT_THAT(message({0, 10, 3}, {5, 5, 3}), HasSubstr("at least one row and one column"));
  EXPECT_THAT(message({10, 10, 3}, {5, 0, 3}), HasSubstr("at least one row and one column"));
}

}  // namespace
}  // namespace localmamba
