// What happens to normalised images: erasing, mixing and the soft targets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/data/mixing.h"
#include "model/data/random_erasing.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::FloatNear;

RandomDraws Draws(uint64_t seed) { return RandomDraws(CounterRandom(seed, "test")); }

TensorView Image(std::vector<float>& values, int64_t height, int64_t width) {
  return {values.data(), DType::kFloat32, {3, height, width}};
}

TEST(RandomErasingTest, RegionsHaveTheAreaAndRatioOfTheRecipe) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    RandomDraws draws = Draws(seed);
    const std::optional<Region> region = DrawErasedRegion(224, 224, draws);
    ASSERT_TRUE(region.has_value());
    const auto width = static_cast<double>(region->right - region->left);
    const auto height = static_cast<double>(region->bottom - region->top);
    ASSERT_GE(region->left, 0);
    ASSERT_GE(region->top, 0);
    ASSERT_LE(region->right, 224);
    ASSERT_LE(region->bottom, 224);
    // Sides are rounded to whole pixels, 17 or more.
    ASSERT_GT(width * height, 0.019 * 224 * 224);
    ASSERT_LT(width * height, 0.34 * 224 * 224);
    ASSERT_GT(height / width, 0.3 / 1.04);
    ASSERT_LT(height / width, 1.04 / 0.3);
  }
}

TEST(RandomErasingTest, FillsARectangleOfAllChannelsWithNoise) {
  std::vector<float> values(3 * 32 * 32, 100);
  RandomDraws draws = Draws(2);
  EraseRandomly(1, draws, Image(values, 32, 32));
  std::vector<size_t> erased(3);
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 100) continue;
    ++erased[i / (32 * 32)];
    sum += static_cast<double>(values[i]);
    EXPECT_EQ(values[i % (32 * 32)] == 100, false) << "a rectangle is the same in all channels";
  }
  EXPECT_THAT(erased, ElementsAre(erased[0], erased[0], erased[0]));
  EXPECT_GT(erased[0], 0U);
  const auto count = static_cast<double>(3 * erased[0]);
  EXPECT_NEAR(sum / count, 0, 5 / std::sqrt(count));
}

TEST(RandomErasingTest, HappensAsOftenAsAsked) {
  int erased = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    std::vector<float> values(3 * 16 * 16, 100);
    RandomDraws draws = Draws(seed);
    EraseRandomly(0.25, draws, Image(values, 16, 16));
    erased += std::count(values.begin(), values.end(), 100.0F) != 3 * 16 * 16 ? 1 : 0;
  }
  EXPECT_NEAR(erased, 250, 5 * std::sqrt(1000 * 0.25 * 0.75));
}

TEST(RandomErasingTest, AnImageTooSmallStaysAsItIs) {
  std::vector<float> values(3, 100);
  RandomDraws draws = Draws(1);
  EraseRandomly(1, draws, Image(values, 1, 1));
  EXPECT_THAT(values, ElementsAre(100, 100, 100));
}

TEST(DrawMixingTest, SwitchesBetweenMixupAndCutmixAsAsked) {
  constexpr int kBatches = 2000;
  int mixup = 0;
  int cutmix = 0;
  double mixup_share = 0;
  double mixup_variance = 0;
  for (uint64_t seed = 0; seed < kBatches; ++seed) {
    RandomDraws draws = Draws(seed);
    const Mixing mixing =
        DrawMixing({.mix_probability = 0.8, .cutmix_probability = 0.25}, 64, 32, draws);
    if (mixing.kind == Mixing::Kind::kMixup) {
      ++mixup;
      mixup_share += mixing.share;
      mixup_variance += (mixing.share - 0.5) * (mixing.share - 0.5);
    } else if (mixing.kind == Mixing::Kind::kCutmix) {
      ++cutmix;
      const int64_t area =
          (mixing.box.right - mixing.box.left) * (mixing.box.bottom - mixing.box.top);
      EXPECT_DOUBLE_EQ(mixing.share, 1 - static_cast<double>(area) / (64 * 32));
      EXPECT_GE(mixing.box.left, 0);
      EXPECT_GE(mixing.box.top, 0);
      EXPECT_LE(mixing.box.right, 32);
      EXPECT_LE(mixing.box.bottom, 64);
    }
  }
  EXPECT_NEAR(mixup, kBatches * 0.6, 5 * std::sqrt(kBatches * 0.6 * 0.4));
  EXPECT_NEAR(cutmix, kBatches * 0.2, 5 * std::sqrt(kBatches * 0.2 * 0.8));
  // Beta(a, a) has mean 1/2 and variance 1 / (4 (2 a + 1)), here 0.179.
  EXPECT_NEAR(mixup_share / mixup, 0.5, 5 * std::sqrt(0.179 / mixup));
  EXPECT_NEAR(mixup_variance / mixup, 1 / (4 * (2 * 0.2 + 1)), 0.01);
}

TEST(DrawMixingTest, OneOfThemAloneIsAlwaysThatOne) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    RandomDraws draws = Draws(seed);
    EXPECT_EQ(DrawMixing({.cutmix_alpha = 0}, 8, 8, draws).kind, Mixing::Kind::kMixup);
    EXPECT_EQ(DrawMixing({.mixup_alpha = 0}, 8, 8, draws).kind, Mixing::Kind::kCutmix);
    EXPECT_EQ(DrawMixing({.mix_probability = 0}, 8, 8, draws).kind, Mixing::Kind::kNone);
  }
}

TEST(RandomDrawsTest, BetaOfATinyParameterIsNearTheEnds) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    RandomDraws draws = Draws(seed);
    const double share = draws.Beta(0.01);
    EXPECT_GE(share, 0);
    EXPECT_LE(share, 1);
  }
}

TEST(MixPairTest, MixupAddsShares) {
  std::vector<float> a = {1, 2, 3};
  std::vector<float> b = {5, 6, 7};
  MixPair({.kind = Mixing::Kind::kMixup, .share = 0.75}, Image(a, 1, 1), Image(b, 1, 1));
  EXPECT_THAT(a, ElementsAre(2, 3, 4));
  EXPECT_THAT(b, ElementsAre(4, 5, 6));
}

TEST(MixPairTest, CutmixSwapsTheBox) {
  std::vector<float> a(3 * 2 * 3, 1);
  std::vector<float> b(3 * 2 * 3, 2);
  MixPair({.kind = Mixing::Kind::kCutmix, .box = {1, 0, 3, 1}}, Image(a, 2, 3), Image(b, 2, 3));
  for (size_t c = 0; c < 3; ++c) {
    const std::vector<float> channel(a.begin() + static_cast<int64_t>(c * 6),
                                     a.begin() + static_cast<int64_t>(c * 6 + 6));
    EXPECT_THAT(channel, ElementsAre(1, 2, 2, 1, 1, 1));
  }
  EXPECT_THAT(std::vector<float>(b.begin(), b.begin() + 6), ElementsAre(2, 1, 1, 2, 2, 2));
}

TEST(WriteTargetTest, SmoothsAndMixes) {
  std::vector<float> values(4);
  const TensorView target(values.data(), DType::kFloat32, {4});
  WriteTarget({}, 0.1, 2, 2, target);
  EXPECT_THAT(values,
              ElementsAre(FloatEq(0.025F), FloatEq(0.025F), FloatEq(0.925F), FloatEq(0.025F)));
  WriteTarget({.kind = Mixing::Kind::kMixup, .share = 0.75}, 0.1, 2, 1, target);
  EXPECT_THAT(values, ElementsAre(FloatEq(0.025F), FloatNear(0.25F, 1e-6F), FloatNear(0.7F, 1e-6F),
                                  FloatEq(0.025F)));
  WriteTarget({.kind = Mixing::Kind::kMixup, .share = 0.75}, 0, 3, 3, target);
  EXPECT_THAT(values, ElementsAre(0, 0, 0, 1));
}

}  // namespace
}  // namespace localmamba
