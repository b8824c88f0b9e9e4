#include "model/vision/keep_ratio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/golden_operators.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

PreparedImage Prepare(const KeepRatioConfig& config, const std::vector<uint8_t>& pixels,
                      int64_t height, int64_t width) {
  static const auto memory = CreateDeviceAllocator(Device::Cpu()).value();
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  return ResizeKeepRatio(config, {}, {pixels.data(), DType::kUInt8, {height, width, 3}}, *memory,
                         stream)
      .value();
}

TEST(KeepRatioTest, ComputesTheGoldenSizes) {
  const nlohmann::json tables = GoldenOperatorTables();
  for (const nlohmann::json& expected : tables.at("keep_ratio")) {
    const auto a = expected.at("scale").at(0).get<int64_t>();
    const auto b = expected.at("scale").at(1).get<int64_t>();
    const ImageGeometry geometry = KeepRatioGeometry(
        {.long_side = std::max(a, b), .short_side = std::min(a, b)},
        expected.at("height").get<int64_t>(), expected.at("width").get<int64_t>());
    EXPECT_EQ(geometry.resized_width, expected.at("new_width").get<int64_t>());
    EXPECT_EQ(geometry.resized_height, expected.at("new_height").get<int64_t>());
    const auto sw = expected.at("sw").get<double>();
    const auto sh = expected.at("sh").get<double>();
    EXPECT_NEAR(geometry.scale_x(), sw, sw * std::numeric_limits<float>::epsilon());
    EXPECT_NEAR(geometry.scale_y(), sh, sh * std::numeric_limits<float>::epsilon());
    EXPECT_EQ(geometry.input_width % 32, 0);
    EXPECT_EQ(geometry.limit_width, static_cast<float>(geometry.resized_width));
  }
}

TEST(KeepRatioTest, GivesTheThinnestImageAPixel) {
  const ImageGeometry geometry = KeepRatioGeometry({}, 1, 10000);
  EXPECT_EQ(geometry.resized_height, 1);
  EXPECT_EQ(geometry.resized_width, 1333);
  EXPECT_EQ(geometry.input_height, 32);
}

TEST(KeepRatioTest, PadsWithZerosAfterNormalisation) {
  const PreparedImage image = Prepare({.long_side = 4, .short_side = 3, .pad_divisor = 5},
                                      std::vector<uint8_t>(36, 255), 3, 4);
  EXPECT_EQ(image.input.shape(), (Shape{3, 5, 5}));
  const float* red = image.input.data<float>();
  EXPECT_NEAR(red[0], (255 - 123.675) / 58.395, 1e-5);
  EXPECT_EQ(red[4], 0);   // right of the image
  EXPECT_EQ(red[15], 0);  // below it
  EXPECT_NE(red[13], 0);
}

TEST(KeepRatioTest, PadsToASquareBeforeNormalisation) {
  const PreparedImage image = Prepare({.long_side = 4, .short_side = 4, .pad_side = 6},
                                      std::vector<uint8_t>(36, 255), 3, 4);
  EXPECT_EQ(image.input.shape(), (Shape{3, 6, 6}));
  EXPECT_NEAR(image.input.data<float>()[35], (114 - 123.675) / 58.395, 1e-5);
  EXPECT_EQ(image.geometry.limit_height, 6);
}

TEST(KeepRatioTest, NamesWhatIsWrong) {
  const auto message = [](const KeepRatioConfig& config) {
    const absl::Status status = Validate(config);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.long_side = 0}), HasSubstr("long_side is 0, wanted 1 to 16384"));
  EXPECT_THAT(message({.long_side = 5, .short_side = 6}), HasSubstr("short_side is 6"));
  EXPECT_THAT(message({.pad_divisor = 0}), HasSubstr("pad_divisor is 0"));
  EXPECT_THAT(message({.pad_side = 1332}), HasSubstr("pad_side is 1332, wanted 1333 to 16384"));
  EXPECT_THAT(message({.pad_value = 256}), HasSubstr("pad_value is 256"));
  const auto memory = CreateDeviceAllocator(Device::Cpu()).value();
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  const auto image = ResizeKeepRatio({}, {}, ConstTensorView(), *memory, stream);
  EXPECT_EQ(image.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace localmamba
