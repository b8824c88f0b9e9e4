#include "model/vision/preprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "model/vision/decode.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class PreprocessTest : public ::testing::Test {
 protected:
  absl::StatusOr<Tensor> Preprocess(const PreprocessConfig& config, const ConstTensorView& image) {
    return ResizeAndCrop(config, image, *allocator_, stream_);
  }

  std::unique_ptr<Allocator> allocator_ = CreateDeviceAllocator(Device::Cpu()).value();
  Stream stream_ = Stream::Create(Device::Cpu(), 1).value();
};

ConstTensorView ViewOf(const TestImage& image) {
  return {image.pixels.data(), DType::kUInt8, {image.height, image.width, image.channels}};
}

TEST_F(PreprocessTest, EqualsPillowBitForBit) {
  const auto cases = GoldenCases("preprocess");
  if (cases.empty()) GTEST_SKIP() << "the golden data are not here";
  for (const auto& golden : cases) {
    const std::string image_path = FindGoldenFile(golden["image"].get_ref<const std::string&>());
    const std::string file = FindGoldenFile(golden["file"].get_ref<const std::string&>());
    if (image_path.empty() || file.empty()) GTEST_SKIP() << "the golden data are not here";
    std::ifstream stream(image_path, std::ios::binary);
    const Bytes bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    const auto image = DecodeImage(bytes, {.limits = {}, .wanted_short_side = 256}, *allocator_);
    ASSERT_TRUE(image.ok()) << image.status();
    const auto pixels = Preprocess({}, image->pixels);
    ASSERT_TRUE(pixels.ok()) << pixels.status();
    const auto tensors = LoadGoldenTensors(file);
    ASSERT_TRUE(tensors.ok()) << tensors.status();
    const GoldenTensor& expected = tensors->at("pixels_u8");
    ASSERT_EQ(pixels->shape(), expected.shape);
    int64_t different = 0;
    for (int64_t i = 0; i < pixels->elements(); ++i) {
      different += pixels->data<uint8_t>()[i] != expected.i32[static_cast<size_t>(i)] ? 1 : 0;
    }
    EXPECT_EQ(different, 0);
  }
}

// Without resizing, what is cut out shows where the crop lies.
TEST_F(PreprocessTest, CropsTheCentreWithHalvesRoundedToEven) {
  struct Case {
    int height, width, crop_height, crop_width, top, left;
  };
  for (const Case& c : {Case{8, 12, 4, 6, 2, 3},  // exact
                        Case{8, 13, 5, 8, 2, 2},  // 1.5 and 2.5, to 2
                        Case{13, 9, 6, 2, 4, 4},  // 3.5, to 4
                        Case{8, 8, 8, 8, 0, 0}}) {
    const TestImage image = MakeImage(c.height, c.width);
    const auto crop = Preprocess({.resize_short_side = std::min(c.height, c.width),
                                  .crop_height = c.crop_height,
                                  .crop_width = c.crop_width},
                                 ViewOf(image));
    ASSERT_TRUE(crop.ok()) << crop.status();
    ASSERT_EQ(crop->shape(), Shape({c.crop_height, c.crop_width, 3}));
    for (int y = 0; y < c.crop_height; ++y) {
      for (int x = 0; x < c.crop_width; ++x) {
        EXPECT_EQ(crop->data<uint8_t>()[(y * c.crop_width + x) * 3],
                  image.at(c.top + y, c.left + x, 0));
      }
    }
  }
}

TEST_F(PreprocessTest, EnlargesSmallImages) {
  for (const auto& [height, width] : {std::pair{1, 1}, {3, 200}, {200, 3}}) {
    const TestImage image = MakeImage(height, width);
    const auto pixels = Preprocess({}, ViewOf(image));
    ASSERT_TRUE(pixels.ok()) << pixels.status();
    EXPECT_EQ(pixels->shape(), Shape({224, 224, 3}));
  }
}

// The bounds are what cutting off frequencies block by block leaves at the hard edges.
TEST_F(PreprocessTest, ReducedDecodingStaysCloseToFullDecoding) {
  const PreprocessConfig config = {.resize_short_side = 64, .crop_height = 56, .crop_width = 56};
  for (const int scale : {2, 4, 8}) {
    const Bytes bytes = EncodeJpeg(MakeImage(256 * scale, 350 * scale), {.subsampled = true});
    const auto full = DecodeImage(bytes, {}, *allocator_);
    const auto reduced = DecodeImage(bytes, {.limits = {}, .wanted_short_side = 64}, *allocator_);
    ASSERT_TRUE(full.ok() && reduced.ok());
    ASSERT_EQ(reduced->pixels.shape(), Shape({256, 350, 3}));
    const auto expected = Preprocess(config, full->pixels);
    const auto found = Preprocess(config, reduced->pixels);
    ASSERT_TRUE(expected.ok() && found.ok());
    double sum = 0;
    int largest = 0;
    for (int64_t i = 0; i < expected->elements(); ++i) {
      const int difference =
          std::abs(int{expected->data<uint8_t>()[i]} - int{found->data<uint8_t>()[i]});
      sum += difference;
      largest = std::max(largest, difference);
    }
    EXPECT_LE(sum / static_cast<double>(expected->elements()), 0.2) << scale;
    EXPECT_LE(largest, 8) << scale;
  }
}

TEST_F(PreprocessTest, RefusesWhatIsNoRgbImage) {
  const TestImage grey = MakeImage(30, 40, 1);
  const auto refused = Preprocess({}, ViewOf(grey));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("u8[30,40,1] on cpu, wanted"));

  uint8_t none = 0;
  const auto empty = Preprocess({}, ConstTensorView(&none, DType::kUInt8, {0, 40, 3}));
  EXPECT_THAT(std::string(empty.status().message()), HasSubstr("wanted at least one pixel"));

  const auto bad_config = Preprocess({.crop_width = 300}, ViewOf(MakeImage(30, 40)));
  EXPECT_THAT(std::string(bad_config.status().message()), HasSubstr("crop_width is 300"));
}

}  // namespace
}  // namespace localmamba
