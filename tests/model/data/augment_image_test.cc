#include "model/data/augment_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "model/data/rand_augment.h"
#include "tests/support/images.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

RandomDraws Draws(uint64_t seed) { return RandomDraws(CounterRandom(seed, "test")); }

ConstTensorView ViewOf(const TestImage& image) {
  return {image.pixels.data(), DType::kUInt8, {image.height, image.width, 3}};
}

class AugmentImageTest : public testing::Test {
 protected:
  RgbImage Augment(const AugmentationConfig& config, const TestImage& image, int64_t height,
                   int64_t width, uint64_t seed) {
    RandomDraws draws = Draws(seed);
    absl::StatusOr<RgbImage> result =
        AugmentImage(config, ViewOf(image), height, width, draws, stream_);
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }

  Stream stream_ = Stream::Create(Device::Cpu(), 1).value();
};

TEST(DrawCropTest, CropsCoverTheAreaAndRatioAsked) {
  double smallest = 1;
  double largest = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    RandomDraws draws = Draws(seed);
    const Region crop = DrawCrop({}, 375, 500, draws);
    ASSERT_GE(crop.left, 0);
    ASSERT_GE(crop.top, 0);
    ASSERT_LE(crop.right, 500);
    ASSERT_LE(crop.bottom, 375);
    const auto width = static_cast<double>(crop.right - crop.left);
    const auto height = static_cast<double>(crop.bottom - crop.top);
    // Sides are rounded to whole pixels.
    ASSERT_GT(width / height, 3.0 / 4.0 - 0.02);
    ASSERT_LT(width / height, 4.0 / 3.0 + 0.02);
    smallest = std::min(smallest, width * height / (375 * 500));
    largest = std::max(largest, width * height / (375 * 500));
  }
  EXPECT_NEAR(smallest, 0.08, 0.005);
  EXPECT_NEAR(largest, 1, 0.05);
}

TEST(DrawCropTest, WhereNothingFitsTheLargestCentreCropIsTaken) {
  RandomDraws draws = Draws(1);
  const Region wide = DrawCrop({.min_crop_area = 0.9}, 30, 300, draws);
  EXPECT_EQ(wide.left, 130);
  EXPECT_EQ(wide.right, 170);  // 30 * 4 / 3
  EXPECT_EQ(wide.top, 0);
  EXPECT_EQ(wide.bottom, 30);
  const Region tall = DrawCrop({.min_crop_area = 0.9}, 300, 30, draws);
  EXPECT_EQ(tall.top, 130);
  EXPECT_EQ(tall.bottom, 170);
  EXPECT_EQ(tall.right, 30);
}

TEST_F(AugmentImageTest, WithoutAnythingItIsAResize) {
  const TestImage image = MakeImage(20, 20);
  const RgbImage same = Augment(AugmentationConfig::None(), image, 20, 20, 3);
  EXPECT_EQ(same.bytes(), image.pixels);
}

TEST_F(AugmentImageTest, AFlipIsTheOnlyChangeIfItIsTheOnlyOneAsked) {
  const TestImage image = MakeImage(8, 8);
  AugmentationConfig config = AugmentationConfig::None();
  config.flip = 1;
  const RgbImage flipped = Augment(config, image, 8, 8, 3);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) EXPECT_EQ(flipped.row(y)[x * 3], image.at(y, 7 - x, 0));
  }
}

TEST_F(AugmentImageTest, APaddedCropShiftsTheImageAndLeavesBlack) {
  TestImage image = MakeImage(6, 7);
  for (uint8_t& level : image.pixels) level = std::max<uint8_t>(level, 1);
  AugmentationConfig config = AugmentationConfig::None();
  config.crop_padding = 2;
  std::set<std::pair<int, int>> shifts;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const RgbImage crop = Augment(config, image, 6, 7, seed);
    const auto is_shift = [&](int down, int right) {
      for (int y = 0; y < 6; ++y) {
        for (int x = 0; x < 7; ++x) {
          const int from_y = y - down;
          const int from_x = x - right;
          const bool inside = from_y >= 0 && from_y < 6 && from_x >= 0 && from_x < 7;
          if (crop.row(y)[x * 3 + 1] != (inside ? image.at(from_y, from_x, 1) : 0)) return false;
        }
      }
      return true;
    };
    for (int down = -2; down <= 2; ++down) {
      for (int right = -2; right <= 2; ++right) {
        if (is_shift(down, right)) shifts.insert({down, right});
      }
    }
  }
  EXPECT_EQ(shifts.size(), 25U);
}

TEST_F(AugmentImageTest, PaddingMayExceedTheImage) {
  AugmentationConfig config = AugmentationConfig::None();
  config.crop_padding = 50;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(Augment(config, MakeImage(5, 4), 5, 4, seed).height(), 5);
  }
}

TEST_F(AugmentImageTest, TheSameSeedGivesTheSameImage) {
  const TestImage image = MakeImage(37, 50);
  EXPECT_EQ(Augment({}, image, 24, 24, 5).bytes(), Augment({}, image, 24, 24, 5).bytes());
  EXPECT_NE(Augment({}, image, 24, 24, 5).bytes(), Augment({}, image, 24, 24, 6).bytes());
}

TEST_F(AugmentImageTest, ColorJitterKeepsWithinItsStrength) {
  AugmentationConfig config = AugmentationConfig::None();
  config.color_jitter = 0.3;
  TestImage grey{4, 4, 3, Bytes(48, 100)};
  int least = 255;
  int most = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    // Of an even grey, contrast and saturation leave what brightness made.
    const int level = Augment(config, grey, 4, 4, seed).bytes()[0];
    least = std::min(least, level);
    most = std::max(most, level);
  }
  EXPECT_NEAR(least, 70, 1);
  EXPECT_NEAR(most, 130, 1);
}

TEST_F(AugmentImageTest, WhatIsNoImageIsRefused) {
  const std::vector<float> floats(12);
  RandomDraws draws = Draws(1);
  const auto result = AugmentImage({}, ConstTensorView(floats.data(), DType::kFloat32, {2, 2, 3}),
                                   4, 4, draws, stream_);
  EXPECT_TRUE(absl::IsInvalidArgument(result.status())) << result.status();
}

class RandAugmentTest : public testing::TestWithParam<int> {};

TEST_P(RandAugmentTest, EveryOperationTakesEveryMagnitudeAndShape) {
  Stream stream = Stream::Create(Device::Cpu(), 1).value();
  // Magnitudes are normally distributed and not clipped.
  for (const double magnitude : {-1.0, 0.0, 0.3, 9.0, 10.5, 25.0}) {
    for (const auto& [height, width] : {std::pair{1, 1}, {2, 9}, {32, 24}}) {
      RgbImage image(height, width, {10, 100, 200});
      RandomDraws draws = Draws(4);
      const absl::Status status = ApplyOperation(static_cast<AugmentOperation>(GetParam()),
                                                 magnitude, draws, stream, image);
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_EQ(image.height(), height);
      EXPECT_EQ(image.width(), width);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, RandAugmentTest,
                         testing::Range(0, static_cast<int>(kAugmentOperations)));

}  // namespace
}  // namespace localmamba
