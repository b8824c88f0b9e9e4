#include "model/data/augmentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

namespace localmamba {
namespace {

using ::testing::StartsWith;

TEST(AugmentationConfigTest, TheDefaultsAndNoneAreValid) {
  EXPECT_TRUE(Validate(AugmentationConfig()).ok());
  EXPECT_TRUE(Validate(AugmentationConfig::None()).ok());
  EXPECT_TRUE(AugmentationConfig().mixes());
  EXPECT_FALSE(AugmentationConfig::None().mixes());
}

struct BadField {
  std::string message;
  std::function<void(AugmentationConfig&)> change;
};

class BadAugmentationTest : public testing::TestWithParam<BadField> {};

TEST_P(BadAugmentationTest, IsRefusedNamingTheField) {
  AugmentationConfig config;
  GetParam().change(config);
  const absl::Status status = Validate(config);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), StartsWith("augmentation." + GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadAugmentationTest,
    testing::Values(
        BadField{"min_crop_area: 0, wanted above 0",
                 [](AugmentationConfig& c) { c.min_crop_area = 0; }},
        BadField{"max_crop_area: 0.05, wanted augmentation.min_crop_area, which is 0.08, to 1",
                 [](AugmentationConfig& c) { c.max_crop_area = 0.05; }},
        BadField{"max_crop_area: 1.5", [](AugmentationConfig& c) { c.max_crop_area = 1.5; }},
        BadField{"min_crop_ratio: 0", [](AugmentationConfig& c) { c.min_crop_ratio = 0; }},
        BadField{"max_crop_ratio: 0.5", [](AugmentationConfig& c) { c.max_crop_ratio = 0.5; }},
        BadField{"crop_padding: -1", [](AugmentationConfig& c) { c.crop_padding = -1; }},
        BadField{"flip: 1.1, wanted 0 to 1", [](AugmentationConfig& c) { c.flip = 1.1; }},
        BadField{"flip: nan",
                 [](AugmentationConfig& c) { c.flip = std::numeric_limits<double>::quiet_NaN(); }},
        BadField{"rand_augment_operations: -1",
                 [](AugmentationConfig& c) { c.rand_augment_operations = -1; }},
        BadField{"rand_augment_magnitude: 11",
                 [](AugmentationConfig& c) { c.rand_augment_magnitude = 11; }},
        BadField{"rand_augment_deviation: -1",
                 [](AugmentationConfig& c) { c.rand_augment_deviation = -1; }},
        BadField{"rand_augment_probability: 2",
                 [](AugmentationConfig& c) { c.rand_augment_probability = 2; }},
        BadField{"color_jitter: -0.1", [](AugmentationConfig& c) { c.color_jitter = -0.1; }},
        BadField{"random_erasing: 3", [](AugmentationConfig& c) { c.random_erasing = 3; }},
        BadField{"mixup_alpha: -1", [](AugmentationConfig& c) { c.mixup_alpha = -1; }},
        BadField{"cutmix_alpha: 0.001", [](AugmentationConfig& c) { c.cutmix_alpha = 0.001; }},
        BadField{"mix_probability: 2", [](AugmentationConfig& c) { c.mix_probability = 2; }},
        BadField{"cutmix_probability: -1",
                 [](AugmentationConfig& c) { c.cutmix_probability = -1; }}));

}  // namespace
}  // namespace localmamba
