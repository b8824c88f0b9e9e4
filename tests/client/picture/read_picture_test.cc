#include "client/picture/read_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "kernels/device/buffer.h"
#include "model/vision/decode.h"
#include "tests/support/images.h"

namespace localmamba::client {
namespace {

using testing::HasSubstr;

std::string ToText(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

// The largest difference of a value to what the server sees; the sizes have to agree.
int DifferenceToServer(const Bytes& file) {
  const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
  const absl::StatusOr<DecodedImage> wanted = DecodeImage(file, {}, *allocator);
  const absl::StatusOr<cv::Mat> found = ReadPicture(ToText(file));
  if (!wanted.ok() || !found.ok()) {
    ADD_FAILURE() << wanted.status() << found.status();
    return 256;
  }
  if (found->rows != wanted->pixels.dim(0) || found->cols != wanted->pixels.dim(1)) {
    ADD_FAILURE() << found->size() << ", wanted " << wanted->source_width << " x "
                  << wanted->source_height;
    return 256;
  }
  const cv::Mat server(found->rows, found->cols, CV_8UC3, wanted->pixels.data<uint8_t>());
  return static_cast<int>(cv::norm(*found, server, cv::NORM_INF));
}

TEST(ReadPictureTest, SeesWhatTheServerSees) {
  for (const int channels : {1, 3}) {
    EXPECT_EQ(DifferenceToServer(EncodeJpeg(MakeImage(19, 30, channels))), 0);
  }
  for (const int channels : {1, 2, 3, 4}) {
    EXPECT_EQ(DifferenceToServer(EncodePng(MakeImage(19, 30, channels))), 0);
  }
  EXPECT_EQ(DifferenceToServer(EncodePng(MakeImage(19, 30), {.bit_depth = 16})), 0);
  for (const int channels : {3, 4}) {
    EXPECT_EQ(DifferenceToServer(EncodeWebp(MakeImage(19, 30, channels))), 0);
  }
  // CMYK is rounded in another way.
  EXPECT_LE(DifferenceToServer(EncodeJpeg(MakeImage(19, 30, 4))), 2);
}

TEST(ReadPictureTest, TurnsPhotosUprightAsTheServerDoes) {
  const TestImage image = MakeImage(19, 30);
  for (uint16_t orientation = 0; orientation <= 9; ++orientation) {
    for (const bool big_endian : {false, true}) {
      const Bytes exif = MakeExif(orientation, big_endian);
      EXPECT_EQ(DifferenceToServer(WithExif(EncodeJpeg(image), exif)), 0) << orientation;
      EXPECT_EQ(DifferenceToServer(EncodePng(image, {.exif = exif})), 0) << orientation;
      EXPECT_EQ(DifferenceToServer(EncodeWebp(image, {.exif = exif})), 0) << orientation;
    }
  }
}

TEST(ReadPictureTest, DamagedExifLeavesAPictureAsItIs) {
  const TestImage image = MakeImage(19, 30);
  const Bytes exif = MakeExif(6);
  for (size_t size = 0; size < exif.size(); ++size) {
    const Bytes part(exif.begin(), exif.begin() + static_cast<int64_t>(size));
    EXPECT_EQ(DifferenceToServer(WithExif(EncodeJpeg(image), part)), 0) << size;
  }
}

TEST(ReadPictureTest, RefusesWhatIsNoPicture) {
  for (const std::string& file : {std::string(), std::string("GIF89a"), ToText({0xFF, 0xD8, 0xFF}),
                                  ToText(EncodePng(MakeImage(9, 9))).substr(0, 40),
                                  ToText(EncodeWebp(MakeImage(9, 9))).substr(0, 20)}) {
    EXPECT_EQ(ReadPicture(file).status().code(), absl::StatusCode::kInvalidArgument) << file.size();
  }
}

TEST(ReadLabelMapTest, ReadsValuesOfOneAndOfTwoBytes) {
  TestImage image = MakeImage(4, 5, 1);
  image.pixels[7] = 200;
  const absl::StatusOr<cv::Mat> small = ReadLabelMap(ToText(EncodePng(image)));
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_EQ(small->type(), CV_16UC1);
  EXPECT_EQ(small->at<uint16_t>(1, 2), 200);
  const absl::StatusOr<cv::Mat> large = ReadLabelMap(ToText(EncodePng(image, {.bit_depth = 16})));
  ASSERT_TRUE(large.ok()) << large.status();
  EXPECT_EQ(large->at<uint16_t>(1, 2), 200 << 8 | 55);
}

TEST(ReadLabelMapTest, RefusesOtherPictures) {
  const absl::Status color = ReadLabelMap(ToText(EncodePng(MakeImage(4, 5, 3)))).status();
  EXPECT_THAT(color.message(), HasSubstr("wanted gray of 8 or 16 bits"));
  EXPECT_FALSE(ReadLabelMap("no picture").ok());
}

}  // namespace
}  // namespace localmamba::client
