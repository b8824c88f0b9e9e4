#include "model/vision/exif_orientation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/images.h"

namespace localmamba {
namespace {

// A 2x3 image of letters, as it is stored for each orientation and as it looks upright:
//   abc
//   def
struct OrientationCase {
  int orientation;
  std::string stored;  // rows separated by '/'
};

class OrientationTest : public ::testing::TestWithParam<OrientationCase> {};

TEST_P(OrientationTest, MakesTheLettersReadable) {
  const std::string& stored = GetParam().stored;
  const auto width = static_cast<int64_t>(stored.find('/'));
  Bytes pixels;
  for (const char letter : stored) {
    if (letter != '/') pixels.insert(pixels.end(), 3, static_cast<uint8_t>(letter));
  }
  const Tensor image =
      Tensor::Share(TensorView(pixels.data(), DType::kUInt8,
                               {static_cast<int64_t>(pixels.size()) / 3 / width, width, 3}),
                    nullptr);
  for (const bool big_endian : {false, true}) {
    const Orientation orientation =
        ParseExifOrientation(MakeExif(static_cast<uint16_t>(GetParam().orientation), big_endian));
    const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
    const auto upright = MakeUpright(image, orientation, *allocator);
    ASSERT_TRUE(upright.ok()) << upright.status();
    ASSERT_EQ(upright->shape(), Shape({2, 3, 3}));
    std::string letters;
    for (int64_t i = 0; i < upright->elements(); i += 3) {
      letters.push_back(static_cast<char>(upright->data<uint8_t>()[i]));
    }
    EXPECT_EQ(letters, "abcdef");
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, OrientationTest,
    ::testing::Values(OrientationCase{1, "abc/def"}, OrientationCase{2, "cba/fed"},
                      OrientationCase{3, "fed/cba"}, OrientationCase{4, "def/abc"},
                      OrientationCase{5, "ad/be/cf"}, OrientationCase{6, "cf/be/ad"},
                      OrientationCase{7, "fc/eb/da"}, OrientationCase{8, "da/eb/fc"}),
    [](const auto& info) { return "Orientation" + std::to_string(info.param.orientation); });

TEST(ExifOrientationTest, OrientationsThatDoNotExistAreUpright) {
  for (const uint16_t value : {0, 9, 0xFFFF}) {
    EXPECT_EQ(ParseExifOrientation(MakeExif(value)), Orientation::kUpright) << value;
  }
}

TEST(ExifOrientationTest, APrefixIsSkipped) {
  Bytes exif = {'E', 'x', 'i', 'f', 0, 0};
  for (const uint8_t byte : MakeExif(6)) exif.push_back(byte);
  EXPECT_EQ(ParseExifOrientation(exif), Orientation::kRotateClockwise);
}

TEST(ExifOrientationTest, DamagedBlocksAreUprightOrUnharmed) {
  const Bytes exif = MakeExif(6);
  for (size_t length = 0; length < exif.size(); ++length) {
    const Bytes truncated(exif.begin(), exif.begin() + static_cast<ptrdiff_t>(length));
    const Orientation orientation = ParseExifOrientation(truncated);
    // The value ends 6 bytes before the end of the block.
    EXPECT_EQ(orientation,
              length < exif.size() - 6 ? Orientation::kUpright : Orientation::kRotateClockwise)
        << length;
  }
  Bytes far_directory = exif;
  for (size_t i = 4; i < 8; ++i) far_directory[i] = 0xFF;
  EXPECT_EQ(ParseExifOrientation(far_directory), Orientation::kUpright);
  Bytes other_type = exif;
  other_type[24] = 4;
  EXPECT_EQ(ParseExifOrientation(other_type), Orientation::kUpright);
}

}  // namespace
}  // namespace localmamba
