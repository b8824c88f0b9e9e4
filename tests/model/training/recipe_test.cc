#include "model/training/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

namespace localmamba {
namespace {

using ::testing::HasSubstr;

TEST(RecipeTest, TheDefaultsAreValid) { EXPECT_TRUE(Validate(Recipe()).ok()); }

struct BadRecipe {
  std::string name;
  std::function<void(Recipe&)> spoil;
  std::string message;
};

class BadRecipeTest : public ::testing::TestWithParam<BadRecipe> {};

TEST_P(BadRecipeTest, IsRefusedNamingTheField) {
  Recipe recipe;
  GetParam().spoil(recipe);
  const absl::Status status = Validate(recipe);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BadRecipeTest,
    ::testing::Values(
        BadRecipe{"NoEpochs", [](Recipe& r) { r.epochs = 0; }, "epochs is 0, wanted 1 to"},
        BadRecipe{"NoBatch", [](Recipe& r) { r.batch_size = 0; }, "batch_size is 0"},
        BadRecipe{"UnevenAccumulation", [](Recipe& r) { r.accumulation_steps = 3; },
                  "accumulation_steps is 3, wanted a divisor of batch_size, which is 128"},
        BadRecipe{"NoLearningRate", [](Recipe& r) { r.optimizer.learning_rate = 0; },
                  "optimizer.learning_rate is 0, wanted a number above 0"},
        BadRecipe{"NanLearningRate", [](Recipe& r) { r.optimizer.learning_rate = NAN; },
                  "optimizer.learning_rate is nan"},
        BadRecipe{"Beta", [](Recipe& r) { r.optimizer.beta2 = 1; },
                  "optimizer.beta2 is 1, wanted 0 to below 1"},
        BadRecipe{"NegativeDecay", [](Recipe& r) { r.optimizer.weight_decay = -1; },
                  "optimizer.weight_decay is -1"},
        BadRecipe{"InfiniteClip", [](Recipe& r) { r.optimizer.clip_norm = INFINITY; },
                  "optimizer.clip_norm is inf"},
        BadRecipe{"LongWarmUp", [](Recipe& r) { r.epochs = 20; },
                  "schedule.warmup_epochs is 20, wanted 0 to below epochs, which is 20"},
        BadRecipe{"Smoothing", [](Recipe& r) { r.label_smoothing = 1; }, "label_smoothing is 1"},
        BadRecipe{"DropPath", [](Recipe& r) { r.drop_path = -0.1; }, "drop_path is -0.1"},
        BadRecipe{"Ema", [](Recipe& r) { r.ema_decay = 1; }, "ema_decay is 1"},
        BadRecipe{"DType", [](Recipe& r) { r.dtype = DType::kInt32; },
                  "dtype is i32, wanted f32, f16 or bf16"},
        BadRecipe{"Seed", [](Recipe& r) { r.seed = -1; }, "seed is -1"},
        BadRecipe{"KeepLast", [](Recipe& r) { r.checkpoints.keep_last = 0; },
                  "checkpoints.keep_last is 0"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
