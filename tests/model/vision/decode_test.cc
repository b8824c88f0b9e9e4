#include "model/vision/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "tests/support/counting_allocator.h"
#include "tests/support/images.h"

namespace localmamba {
namespace {

// As an image of the tests; 0x0 after an error, which fails the test.
TestImage Decode(const Bytes& bytes, const DecodeOptions& options = {}) {
  const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
  const auto decoded = DecodeImage(bytes, options, *allocator);
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  if (!decoded.ok()) return {};
  const Tensor& pixels = decoded->pixels;
  EXPECT_EQ(pixels.dtype(), DType::kUInt8);
  EXPECT_EQ(pixels.dim(2), 3);
  return {static_cast<int>(pixels.dim(0)), static_cast<int>(pixels.dim(1)), 3,
          Bytes(pixels.data<uint8_t>(), pixels.data<uint8_t>() + pixels.elements())};
}

// Pixels 0..`channels` - 1 of the original, as RGB: grey repeated, alpha dropped.
TestImage AsRgb(const TestImage& image) {
  TestImage rgb{image.height, image.width, 3, {}};
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < 3; ++c) rgb.pixels.push_back(image.at(y, x, image.channels < 3 ? 0 : c));
    }
  }
  return rgb;
}

// The largest difference of two samples; 256 if the sizes differ.
int MaxDifference(const TestImage& a, const TestImage& b) {
  if (a.height != b.height || a.width != b.width || a.pixels.size() != b.pixels.size()) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
  }
  return largest;
}

struct PngCase {
  std::string name;
  int channels;
  PngOptions options;
};

class PngTest : public ::testing::TestWithParam<PngCase> {};

TEST_P(PngTest, GivesTheColoursBack) {
  for (const auto& [height, width] : {std::pair{37, 53}, {1, 1}, {1, 9}, {9, 1}}) {
    const TestImage image = MakeImage(height, width, GetParam().channels);
    EXPECT_EQ(MaxDifference(Decode(EncodePng(image, GetParam().options)), AsRgb(image)), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(All, PngTest,
                         ::testing::Values(PngCase{"Grey", 1, {}}, PngCase{"GreyAlpha", 2, {}},
                                           PngCase{"Rgb", 3, {}}, PngCase{"RgbAlpha", 4, {}},
                                           PngCase{"Grey16", 1, {.bit_depth = 16}},
                                           PngCase{"GreyAlpha16", 2, {.bit_depth = 16}},
                                           PngCase{"Rgb16", 3, {.bit_depth = 16}},
                                           PngCase{"RgbAlpha16", 4, {.bit_depth = 16}},
                                           PngCase{"Interlaced", 3, {.interlaced = true}}),
                         [](const auto& info) { return info.param.name; });

class PngBitDepthTest : public ::testing::TestWithParam<int> {};

TEST_P(PngBitDepthTest, ReadsPalettesAndGreysBelowAByte) {
  const int depth = GetParam();
  const int values = 1 << depth;
  TestImage indices{11, 13, 1, {}};
  for (int i = 0; i < 11 * 13; ++i) indices.pixels.push_back(static_cast<uint8_t>(i * 5 % values));
  PngOptions options{.bit_depth = depth};

  TestImage grey{11, 13, 3, {}};
  for (const uint8_t index : indices.pixels) {
    grey.pixels.insert(grey.pixels.end(), 3, static_cast<uint8_t>(index * 255 / (values - 1)));
  }
  EXPECT_EQ(MaxDifference(Decode(EncodePng(indices, options)), grey), 0);

  TestImage coloured{11, 13, 3, {}};
  for (int i = 0; i < values; ++i) {
    const auto level = static_cast<uint8_t>(i * 255 / (values - 1));
    options.palette.push_back({level, static_cast<uint8_t>(255 - level), 7});
  }
  for (const uint8_t index : indices.pixels) {
    for (const uint8_t sample : options.palette[index]) coloured.pixels.push_back(sample);
  }
  EXPECT_EQ(MaxDifference(Decode(EncodePng(indices, options)), coloured), 0);
}

INSTANTIATE_TEST_SUITE_P(All, PngBitDepthTest, ::testing::Values(1, 2, 4, 8));

TEST(WebpTest, GivesTheColoursBackAndDropsAlpha) {
  for (const int channels : {3, 4}) {
    const TestImage image = MakeImage(37, 53, channels);
    EXPECT_EQ(MaxDifference(Decode(EncodeWebp(image)), AsRgb(image)), 0);
    // Lossy WebP keeps the chroma at half the resolution, which shows at the hard edges.
    EXPECT_LE(MaxDifference(Decode(EncodeWebp(image, {.lossless = false})), AsRgb(image)), 60);
  }
}

struct JpegCase {
  std::string name;
  int channels;
  JpegOptions options;
  int max_difference;  // what quality 95 and, at the hard edges, half the chroma leave
};

class JpegTest : public ::testing::TestWithParam<JpegCase> {};

TEST_P(JpegTest, GivesTheColoursBack) {
  for (const auto& [height, width] : {std::pair{40, 56}, {37, 53}, {1, 1}, {1, 9}}) {
    const TestImage image = MakeImage(height, width, GetParam().channels);
    EXPECT_LE(MaxDifference(Decode(EncodeJpeg(image, GetParam().options)), AsRgb(image)),
              GetParam().max_difference);
  }
}

INSTANTIATE_TEST_SUITE_P(All, JpegTest,
                         ::testing::Values(JpegCase{"Grey", 1, {}, 8}, JpegCase{"Rgb", 3, {}, 16},
                                           JpegCase{"Subsampled", 3, {.subsampled = true}, 60},
                                           JpegCase{"Progressive", 3, {.progressive = true}, 16}),
                         [](const auto& info) { return info.param.name; });

TEST(JpegTest, ConvertsInvertedCmykAsPillowDoes) {
  // One colour, so that the encoder loses nothing but rounding.
  TestImage image{16, 16, 4, {}};
  for (int i = 0; i < 16 * 16; ++i) {
    for (const uint8_t sample : {200, 100, 50, 180}) image.pixels.push_back(sample);
  }
  const TestImage rgb = Decode(EncodeJpeg(image, {.quality = 100}));
  ASSERT_EQ(rgb.pixels.size(), 16U * 16 * 3);
  // R = C * K / 255 of the stored (inverted) values.
  EXPECT_NEAR(rgb.at(8, 8, 0), 200 * 180 / 255, 2);
  EXPECT_NEAR(rgb.at(8, 8, 1), 100 * 180 / 255, 2);
  EXPECT_NEAR(rgb.at(8, 8, 2), 50 * 180 / 255, 2);
}

TEST(JpegTest, ReadsSubsamplingWithoutAName) {
  Bytes bytes = EncodeJpeg({32, 32, 3, Bytes(32 * 32 * 3, 128)});
  const auto find = [&](uint8_t marker) {
    const std::array<uint8_t, 2> wanted = {0xFF, marker};
    return std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end());
  };
  // Chroma at twice the resolution of luma: 16x8 pixels have 1 + 2 + 2 blocks.
  const auto frame = find(0xC0);
  frame[14] = 0x21;
  frame[17] = 0x21;
  // With the code tables of chroma for all, a grey block is four zero bits.
  const auto scan = find(0xDA);
  scan[6] = 0x11;
  bytes.erase(scan + 14, bytes.end());
  bytes.insert(bytes.end(), 8 * 5 * 4 / 8, 0);
  bytes.insert(bytes.end(), {0xFF, 0xD9});
  const TestImage image = Decode(bytes);
  EXPECT_EQ(MaxDifference(image, {32, 32, 3, Bytes(32 * 32 * 3, 128)}), 0);
}

struct ScaleCase {
  std::string name;
  int64_t wanted_short_side;
  int height;  // of the decoded 403x601 image
  int width;
};

class JpegScaleTest : public ::testing::TestWithParam<ScaleCase> {};

TEST_P(JpegScaleTest, KeepsTheShorterSideAtFourTimesTheWantedOne) {
  const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
  for (const int channels : {1, 3, 4}) {
    const Bytes bytes = EncodeJpeg(MakeImage(403, 601, channels));
    const auto decoded = DecodeImage(
        bytes, {.limits = {}, .wanted_short_side = GetParam().wanted_short_side}, *allocator);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->pixels.shape(), Shape({GetParam().height, GetParam().width, 3}));
    EXPECT_EQ(decoded->source_height, 403);
    EXPECT_EQ(decoded->source_width, 601);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, JpegScaleTest,
    ::testing::Values(ScaleCase{"Any", 0, 403, 601}, ScaleCase{"Full", 51, 403, 601},
                      ScaleCase{"Half", 50, 202, 301}, ScaleCase{"Quarter", 25, 101, 151},
                      ScaleCase{"Eighth", 12, 51, 76}, ScaleCase{"NoLessThanAnEighth", 1, 51, 76}),
    [](const auto& info) { return info.param.name; });

// More of them than the decoder of PNG allows for metadata.
TEST(DecodeTest, IgnoresBytesAfterTheEnd) {
  const TestImage image = MakeImage(16, 16);
  for (Bytes bytes : {EncodeJpeg(image), EncodePng(image), EncodeWebp(image)}) {
    bytes.resize(size_t{20} << 20);
    EXPECT_LE(MaxDifference(Decode(bytes), image), 16);
  }
}

TEST(DecodeTest, TakesOnlyTheMemoryOfTheReducedImage) {
  const Bytes bytes = EncodeJpeg(MakeImage(400, 600));
  CountingAllocator allocator;
  const auto decoded = DecodeImage(bytes, {.limits = {}, .wanted_short_side = 25}, allocator);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(allocator.bytes_taken(), 100U * 150 * 3);
}

TEST(DecodeTest, ReportsThatThereIsNoMemory) {
  const TestImage image = MakeImage(40, 60);
  for (const Bytes& bytes :
       {EncodeJpeg(image), EncodePng(image), EncodeWebp(image), EncodeJpeg(MakeImage(40, 60, 4))}) {
    CountingAllocator allocator(40 * 60 * 3 - 1);
    const auto decoded = DecodeImage(bytes, {}, allocator);
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kResourceExhausted) << decoded.status();
  }
}

// What the eight orientations do to pixels is tested with ParseExifOrientation.
TEST(DecodeTest, TurnsImagesUpright) {
  const TestImage image = MakeImage(30, 50);
  const Bytes exif = MakeExif(6);
  for (const Bytes& bytes : {WithExif(EncodeJpeg(image), exif), EncodePng(image, {.exif = exif}),
                             EncodeWebp(image, {.exif = exif})}) {
    const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
    const auto decoded = DecodeImage(bytes, {}, *allocator);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->pixels.shape(), Shape({50, 30, 3}));
    EXPECT_EQ(decoded->source_height, 50);
    EXPECT_EQ(decoded->source_width, 30);
    // The stored lower left corner is the upper left one.
    EXPECT_NEAR(decoded->pixels.data<uint8_t>()[0], image.at(29, 0, 0), 8);
    EXPECT_NEAR(decoded->pixels.data<uint8_t>()[1], image.at(29, 0, 1), 8);
  }
}

TEST(DecodeTest, IgnoresDamagedExif) {
  const TestImage image = MakeImage(30, 50);
  Bytes exif = MakeExif(6);
  exif.resize(20);
  for (const Bytes& bytes : {WithExif(EncodeJpeg(image), exif), EncodePng(image, {.exif = exif}),
                             EncodeWebp(image, {.exif = exif})}) {
    EXPECT_LE(MaxDifference(Decode(bytes), image), 16);
  }
}

}  // namespace
}  // namespace localmamba
