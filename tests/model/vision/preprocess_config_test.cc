#include "model/vision/preprocess_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(PreprocessConfigTest, DefaultsAreValid) { EXPECT_TRUE(Validate(PreprocessConfig{}).ok()); }

struct BadConfig {
  std::string name;
  PreprocessConfig config;
  std::string message;
};

class BadPreprocessConfigTest : public ::testing::TestWithParam<BadConfig> {};

TEST_P(BadPreprocessConfigTest, IsRefused) {
  const absl::Status status = Validate(GetParam().config);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

PreprocessConfig WithNormalization(float mean, float std) {
  PreprocessConfig config;
  config.normalization.mean[1] = mean;
  config.normalization.std[2] = std;
  return config;
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

INSTANTIATE_TEST_SUITE_P(
    All, BadPreprocessConfigTest,
    ::testing::Values(
        BadConfig{"NoSide", {.resize_short_side = 0}, "resize_short_side is 0, wanted 1 to 16384"},
        BadConfig{"HugeSide", {.resize_short_side = 16385}, "wanted 1 to 16384"},
        BadConfig{"HighCrop", {.crop_height = 257}, "crop_height is 257, wanted 1 to 256"},
        BadConfig{"WideCrop", {.crop_width = 257}, "crop_width is 257, wanted 1 to 256"},
        BadConfig{"NegativeCrop", {.crop_width = -1}, "crop_width is -1, wanted 1 to 256"},
        BadConfig{"NanMean", WithNormalization(kNan, 1), "mean has nan, wanted finite"},
        BadConfig{"NanStd", WithNormalization(0, kNan), "std has nan, wanted finite"},
        BadConfig{"ZeroStd", WithNormalization(0, 0), "std has 0, wanted finite numbers above 0"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
