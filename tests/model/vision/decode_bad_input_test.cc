#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "model/vision/decode.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/images.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

Bytes FromText(const std::string& text) { return Bytes(text.begin(), text.end()); }

// Refused with this message before any memory for pixels was taken.
void ExpectRefused(const Bytes& bytes, const DecodeLimits& limits, const std::string& message) {
  CountingAllocator allocator;
  const auto decoded = DecodeImage(bytes, {.limits = limits, .wanted_short_side = 256}, allocator);
  EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument) << decoded.status();
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr(message));
  EXPECT_EQ(allocator.bytes_taken(), 0U);
}

struct Sample {
  std::string name;
  Bytes bytes;
};

std::vector<Sample> Samples() {
  const TestImage image = MakeImage(20, 30);
  const TestImage alpha = MakeImage(20, 30, 4);
  return {{"Jpeg", EncodeJpeg(image)},
          {"JpegSubsampled", EncodeJpeg(image, {.subsampled = true})},
          {"JpegProgressive", EncodeJpeg(image, {.progressive = true})},
          {"JpegGrey", EncodeJpeg(MakeImage(20, 30, 1))},
          {"JpegCmyk", EncodeJpeg(alpha)},
          {"JpegExif", WithExif(EncodeJpeg(image), MakeExif(8))},
          {"Png", EncodePng(image, {.exif = MakeExif(8)})},
          {"PngInterlaced", EncodePng(image, {.interlaced = true})},
          {"Png16", EncodePng(alpha, {.bit_depth = 16})},
          {"Webp", EncodeWebp(image)},
          {"WebpLossy", EncodeWebp(alpha, {.lossless = false})},
          {"WebpExif", EncodeWebp(image, {.exif = MakeExif(8)})}};
}

class DamagedImageTest : public ::testing::TestWithParam<Sample> {};

TEST_P(DamagedImageTest, IsAnErrorAtEveryTruncatedLength) {
  const Bytes& bytes = GetParam().bytes;
  const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
  ASSERT_TRUE(DecodeImage(bytes, {}, *allocator).ok());
  for (size_t length = 0; length < bytes.size(); ++length) {
    // An exact copy, so that reading past its end is seen by the address sanitizer.
    const Bytes truncated(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
    const auto decoded = DecodeImage(truncated, {}, *allocator);
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument)
        << length << " of " << bytes.size() << " bytes";
  }
}

TEST_P(DamagedImageTest, IsDecodedOrRefusedWithAnyByteChanged) {
  const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
  Bytes bytes = GetParam().bytes;
  for (uint8_t& byte : bytes) {
    const uint8_t original = byte;
    for (const uint8_t value : {0x00, 0x7F, 0xFF, original ^ 0x01, original ^ 0x80}) {
      byte = value;
      // A changed header may ask for a large image: the limits hold.
      const auto decoded = DecodeImage(bytes, {.limits = {.max_pixels = 4096}}, *allocator);
      EXPECT_TRUE(decoded.ok() || decoded.status().code() == absl::StatusCode::kInvalidArgument)
          << decoded.status();
    }
    byte = original;
  }
}

INSTANTIATE_TEST_SUITE_P(All, DamagedImageTest, ::testing::ValuesIn(Samples()),
                         [](const auto& info) { return info.param.name; });

TEST(BadImageTest, OtherFormatsAreNamedByTheirFirstBytes) {
  ExpectRefused({}, {}, "image: 0 bytes, wanted a JPEG, PNG or WebP file");
  const std::vector<std::pair<Bytes, std::string>> cases = {
      {FromText("GIF89a\x01"), R"("GIF89a\x01")"},
      {FromText("BM\x46 and more"), "\"BMF and \""},
      {FromText("hello"), "\"hello\""},
      {FromText("<!DOCTYPE html><html></html>"), "\"<!DOCTYP\""},
      {FromText("RIFF1234WAVEfmt "), "\"RIFF1234\""},
      {Bytes(1000, 0), R"("\x00\x00\x00\x00\x00\x00\x00\x00")"},
      {{0xFF, 0xD8}, R"("\xff\xd8")"}};
  for (const auto& [bytes, begin] : cases) {
    ExpectRefused(bytes, {}, "image: begins with " + begin + ", wanted a JPEG, PNG or WebP file");
  }
}

TEST(BadImageTest, TruncationIsCalledByItsName) {
  for (Bytes bytes : {EncodeJpeg(MakeImage(20, 30)), EncodePng(MakeImage(20, 30)),
                      EncodeWebp(MakeImage(20, 30))}) {
    bytes.resize(bytes.size() - 10);
    const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
    EXPECT_THAT(std::string(DecodeImage(bytes, {}, *allocator).status().message()),
                HasSubstr("is truncated"));
  }
}

TEST(BadImageTest, AnimationsAreRefused) {
  ExpectRefused(EncodeWebp(MakeImage(20, 30), {.animated = true}), {},
                "image: WebP is animated, wanted a single picture");
}

TEST(DecodeLimitsTest, BombIsRefusedFromItsHeader) {
  ExpectRefused(PngThatClaims(60000, 60000), {},
                "image: 60000x60000 pixels, wanted at most 32768 a side");
  ExpectRefused(PngThatClaims(30000, 30000), {},
                "image: 30000x30000 pixels, wanted at most 67108864 in all");
  ExpectRefused(PngThatClaims(0x7FFFFFFF, 0x7FFFFFFF), {}, "image: ");
}

TEST(DecodeLimitsTest, HoldForTheCommentsOfPng) {
  const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
  const TestImage image = MakeImage(20, 30);
  EXPECT_TRUE(DecodeImage(EncodePng(image, {.comment_bytes = 1 << 20}), {}, *allocator).ok());
  const Bytes bomb = EncodePng(image, {.comment_bytes = 32 << 20});
  ASSERT_LT(bomb.size(), 1U << 20);
  EXPECT_THAT(std::string(DecodeImage(bomb, {}, *allocator).status().message()),
              HasSubstr("image: PNG cannot be decoded: reached chunk/cache limits"));
}

TEST(DecodeLimitsTest, HoldForEveryFormat) {
  for (const bool wide : {false, true}) {
    const TestImage image = wide ? MakeImage(2, 900) : MakeImage(900, 2);
    const std::string size = wide ? "900x2" : "2x900";
    for (const Bytes& bytes : {EncodeJpeg(image), EncodePng(image), EncodeWebp(image)}) {
      ExpectRefused(bytes, {}, "image: " + size + " pixels, wanted one side at most 200 times");
      ExpectRefused(bytes, {.max_side = 899},
                    "image: " + size + " pixels, wanted at most 899 a side");
      ExpectRefused(bytes, {.max_pixels = 1799},
                    "image: " + size + " pixels, wanted at most 1799 in all");
      ExpectRefused(bytes, {.max_bytes = bytes.size() - 1},
                    "image: " + std::to_string(bytes.size()) + " bytes, wanted at most " +
                        std::to_string(bytes.size() - 1));
      const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
      EXPECT_TRUE(DecodeImage(bytes,
                              {.limits = {.max_bytes = bytes.size(),
                                          .max_pixels = 1800,
                                          .max_side = 900,
                                          .max_aspect_ratio = 450}},
                              *allocator)
                      .ok());
    }
  }
}

}  // namespace
}  // namespace localmamba
