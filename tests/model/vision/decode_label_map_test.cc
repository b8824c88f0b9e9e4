#include "model/vision/decode_label_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/images.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class DecodeLabelMapTest : public testing::Test {
 protected:
  absl::StatusOr<Tensor> Decode(const Bytes& bytes) { return DecodeLabelMap(bytes, {}, *memory_); }
  std::string Message(const Bytes& bytes) {
    const absl::Status status = Decode(bytes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }

  const std::unique_ptr<Allocator> memory_ = CreateDeviceAllocator(Device::Cpu()).value();
};

// Width 11 ends within a byte for each of the smaller depths.
TEST_F(DecodeLabelMapTest, GivesIndicesOfAPaletteOfAnyDepth) {
  for (const int bits : {1, 2, 4, 8}) {
    for (const bool interlaced : {false, true}) {
      TestImage image{.height = 5, .width = 11, .channels = 1, .pixels = {}};
      const int colors = 1 << bits;
      for (int i = 0; i < 5 * 11; ++i) {
        image.pixels.push_back(static_cast<uint8_t>(i * 37 % colors));
      }
      PngOptions options{.bit_depth = bits, .interlaced = interlaced};
      options.palette.resize(static_cast<size_t>(colors), {9, 9, 9});
      const auto labels = Decode(EncodePng(image, options));
      ASSERT_TRUE(labels.ok()) << bits << ": " << labels.status();
      ASSERT_EQ(labels->shape(), (Shape{5, 11}));
      EXPECT_EQ(Bytes(labels->data<uint8_t>(), labels->data<uint8_t>() + 55), image.pixels) << bits;
    }
  }
}

TEST_F(DecodeLabelMapTest, GivesSamplesOfGrey) {
  const TestImage image = MakeImage(7, 9, 1);
  const auto labels = Decode(EncodePng(image));
  ASSERT_TRUE(labels.ok()) << labels.status();
  EXPECT_EQ(Bytes(labels->data<uint8_t>(), labels->data<uint8_t>() + 63), image.pixels);
}

TEST_F(DecodeLabelMapTest, NamesWhatIsWrong) {
  EXPECT_THAT(Message(EncodePng(MakeImage(4, 4, 3))),
              HasSubstr("label map: RGB PNG of 8 bits a sample, wanted grey of 8 bits"));
  EXPECT_THAT(Message(EncodePng(MakeImage(4, 4, 1), {.bit_depth = 16})),
              HasSubstr("grey PNG of 16 bits"));
  EXPECT_THAT(Message(EncodeJpeg(MakeImage(4, 4))), HasSubstr("label map: is no PNG"));
  EXPECT_THAT(Message({}), HasSubstr("label map: is no PNG"));
  Bytes cut = EncodePng(MakeImage(4, 4, 1));
  cut.resize(cut.size() - 6);
  EXPECT_THAT(Message(cut), HasSubstr("truncated"));
  EXPECT_THAT(Message(PngThatClaims(40000, 40000)), HasSubstr("40000x40000 pixels"));
}

}  // namespace
}  // namespace localmamba
