#include "kernels/image/normalize_pixels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/backend.h"
#include "tests/support/golden.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class NormalizePixelsTest : public BackendTest<OnlyCase> {
 protected:
  // The pixels of images of height x width, normalised.
  std::vector<double> Run(const std::vector<uint8_t>& pixels, int64_t height, int64_t width,
                          const PixelNormalization& normalization) {
    const int64_t images = static_cast<int64_t>(pixels.size()) / (height * width * 3);
    TestTensor y({images, 3, height, width});
    const ConstTensorView x = Upload({pixels.data(), DType::kUInt8, {images, height, width, 3}});
    EXPECT_TRUE(Fetch(NormalizePixels(x, normalization, Data(y), stream())));
    return y.values();
  }
};

TEST_P(NormalizePixelsTest, EqualsTheGoldenTensor) {
  const std::string path = FindGoldenFile("preprocess_smooth_and_edges_640x427.safetensors");
  if (path.empty()) GTEST_SKIP() << "golden file not found";
  auto golden = LoadGoldenTensors(path);
  ASSERT_TRUE(golden.ok()) << golden.status();
  const std::vector<int32_t>& levels = golden->at("pixels_u8").i32;
  const std::vector<float>& expected = golden->at("tensor").f32;
  // Rounding to the dtype apart, a few eps of the largest value, 2.6.
  ExpectNear(Run({levels.begin(), levels.end()}, 224, 224, {}), {expected.begin(), expected.end()},
             1e-6, Roundoff());
}

TEST_P(NormalizePixelsTest, SeparatesImagesAndChannels) {
  const std::vector<uint8_t> pixels = {0, 51, 102, 153, 204, 255, /**/ 255, 204, 153, 102, 51, 0};
  ExpectNear(Run(pixels, 1, 2, {.mean = {0, 1, 0}, .std = {1, 1, 2}}),
             {0.0, 0.6, -0.8, -0.2, 0.2, 0.5, 1.0, 0.4, -0.2, -0.8, 0.3, 0.0}, 1.2e-7, Roundoff());
}

INSTANTIATE_TEST_SUITE_P(Backends, NormalizePixelsTest,
                         ::testing::Combine(::testing::ValuesIn(Backends()),
                                            ::testing::Values(OnlyCase{})),
                         BackendCaseName);

TEST(NormalizePixelsErrorTest, NamesWhatIsWrong) {
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
