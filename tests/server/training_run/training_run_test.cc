#include "server/training_run/training_run.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "server/training_run/recipe_proto.h"
#include "server/training_run/training_run_proto.h"
#include "tests/support/source_dir.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

constexpr char kModel[] =
    R"("model": {"local_vim": {"embed_dim": 32, "scan": {"layers": [{"directions": ["h", "v"]}]}}})";

absl::StatusOr<TrainingRun> Parse(const std::string& json) {
  const auto proto = ParseTrainingRun(json, "run.json");
  if (!proto.ok()) return proto.status();
  return TrainingRunFromProto(*proto);
}

std::string RunWith(const std::string& fields) {
  return absl::StrCat("{", kModel, R"(, "data": {"path": "/data"})", fields, "}");
}

TEST(TrainingRunTest, UnsetFieldsHaveTheDocumentedDefaults) {
  const auto run = Parse(RunWith(""));
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_TRUE(run->classes_from_data);
  EXPECT_EQ(run->data.path, "/data");
  EXPECT_EQ(run->data.validation, "val");
  EXPECT_EQ(run->data.cache_bytes, 4294967296);
  EXPECT_EQ(run->settings.recipe.epochs, 300);
  EXPECT_EQ(run->settings.recipe.schedule.warmup_epochs, 20);
  EXPECT_EQ(run->settings.recipe.optimizer.weight_decay, 0.04);
  EXPECT_FALSE(run->settings.recipe.dtype.has_value());
  EXPECT_EQ(run->weights_dtype, DType::kFloat32);
  EXPECT_EQ(run->settings.augmentation.rand_augment_operations, 2);
  EXPECT_FALSE(run->search.has_value());
}

TEST(TrainingRunTest, WarmUpTakesHalfOfAShortRunAtMostUnlessItIsGiven) {
  const auto run =
      Parse(RunWith(R"(, "recipe": {"epochs": 4}, "search": {"recipe": {"epochs": 3}})"));
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->settings.recipe.schedule.warmup_epochs, 2);
  EXPECT_EQ(run->search->settings.recipe.schedule.warmup_epochs, 1.5);
}

TEST(TrainingRunTest, GivenFieldsReachTheirPlace) {
  const auto run = Parse(RunWith(R"(, "recipe": {
    "epochs": 30, "batch_size": 64, "accumulation_steps": 2, "dtype": "bf16", "seed": 7,
    "optimizer": {"learning_rate": 0.01, "clip_norm": 1},
    "schedule": {"warmup_epochs": 0.5, "staircase_warmup": true},
    "augmentation": {"crop_padding": 4, "mixup_alpha": 0},
    "checkpoint_activations": true,
    "checkpoints": {"every_steps": 10, "keep_best": 0}})"));
  ASSERT_TRUE(run.ok()) << run.status();
  const Recipe& recipe = run->settings.recipe;
  EXPECT_EQ(recipe.epochs, 30);
  EXPECT_EQ(recipe.batch_size, 64);
  EXPECT_EQ(recipe.accumulation_steps, 2);
  EXPECT_EQ(recipe.dtype, DType::kBFloat16);
  EXPECT_EQ(recipe.seed, 7);
  EXPECT_EQ(recipe.optimizer.learning_rate, 0.01);
  EXPECT_EQ(recipe.optimizer.beta1, 0.9);
  EXPECT_EQ(recipe.optimizer.clip_norm, 1);
  EXPECT_EQ(recipe.schedule.warmup_epochs, 0.5);
  EXPECT_TRUE(recipe.schedule.staircase_warmup);
  EXPECT_EQ(run->settings.augmentation.crop_padding, 4);
  EXPECT_EQ(run->settings.augmentation.mixup_alpha, 0);
  EXPECT_TRUE(recipe.checkpoint_activations);
  EXPECT_EQ(recipe.checkpoints.every_steps, 10);
  EXPECT_EQ(recipe.checkpoints.keep_best, 0);
}

TEST(TrainingRunTest, ARecipeSurvivesTheWayThroughItsMessage) {
  const auto run = Parse(RunWith(R"(, "recipe": {"epochs": 31, "drop_path": 0.25})"));
  const v1::Recipe proto = RecipeToProto(run->settings);
  const v1::Recipe again = RecipeToProto(*RecipeFromProto(proto));
  EXPECT_EQ(proto.epochs(), 31);
  EXPECT_EQ(proto.dtype(), "auto");
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(proto, again));
}

TEST(TrainingRunTest, ASearchHasTheRecipeOfTheRunFor100Epochs) {
  const auto run = Parse(RunWith(R"(, "recipe": {"batch_size": 64}, "search": {})"));
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->search->settings.recipe.epochs, 100);
  EXPECT_EQ(run->search->settings.recipe.batch_size, 64);
  EXPECT_EQ(run->search->search.candidates, OfficialCandidates());
  EXPECT_TRUE(run->search->retrain);
}

TEST(TrainingRunTest, ASearchNeedsNoDirections) {
  const auto run = Parse(R"({"model": {"local_vim": {"scan": {"layers": [{}, {}]}}},
    "data": {"path": "/data"},
    "search": {"candidates": ["h", "w3", "w5"], "directions_per_layer": 2, "width": 64,
               "recipe": {"epochs": 30}, "retrain": false}})");
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->search->search.candidates.size(), 3U);
  EXPECT_EQ(run->search->search.width, 64);
  EXPECT_EQ(run->search->settings.recipe.epochs, 30);
  EXPECT_FALSE(run->search->retrain);
}

struct BadRun {
  std::string name;
  std::string json;
  std::string message;
};

class BadRunTest : public ::testing::TestWithParam<BadRun> {};

TEST_P(BadRunTest, IsRefusedNamingTheField) {
  const auto run = Parse(GetParam().json);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(run.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Runs, BadRunTest,
    ::testing::Values(
        BadRun{"NotJson", "epochs: 3", "run.json: "},
        BadRun{"UnknownField", RunWith(R"(, "epoch": 3)"), "run.json: "},
        BadRun{"UnknownFieldNested", RunWith(R"(, "recipe": {"epoch": 3})"), "epoch"},
        BadRun{"RepeatedField", RunWith(R"(, "recipe": {}, "recipe": {})"), "\"recipe\" twice"},
        BadRun{"NoModel", R"({"data": {"path": "/data"}})", "model is absent"},
        BadRun{"NoNetwork", R"({"model": {}, "data": {"path": "/data"}})",
               "model: no network is given"},
        BadRun{"NoNetworkToSearch", R"({"model": {}, "data": {"path": "/data"}, "search": {}})",
               "model: no network is given"},
        BadRun{"NoPath", absl::StrCat("{", kModel, "}"), "data.path"},
        BadRun{"Epochs", RunWith(R"(, "recipe": {"epochs": 0})"),
               "recipe: epochs is 0, wanted 1 to"},
        BadRun{"DType", RunWith(R"(, "recipe": {"dtype": "f64"})"),
               "recipe: dtype is \"f64\", wanted f32"},
        BadRun{"DTypeOfIntegers", RunWith(R"(, "recipe": {"dtype": "i32"})"),
               "recipe: dtype is \"i32\", wanted f32, f16, bf16 or auto"},
        BadRun{"WeightsDType", RunWith(R"(, "weights_dtype": "auto")"),
               "weights_dtype is \"auto\", wanted f32, f16 or bf16"},
        BadRun{"WarmUp", RunWith(R"(, "recipe": {"epochs": 4, "schedule": {"warmup_epochs": 4}})"),
               "recipe: schedule.warmup_epochs is 4, wanted 0 to below epochs, which is 4"},
        BadRun{"Flip", RunWith(R"(, "recipe": {"augmentation": {"flip": 2}})"),
               "augmentation.flip"},
        BadRun{"OddBatch", RunWith(R"(, "recipe": {"batch_size": 3})"),
               "recipe: batch_size is 3, wanted an even number, because mixup or cutmix is on"},
        BadRun{"Supernet",
               R"({"model": {"local_vim": {"scan": {"supernet": true,
                   "layers": [{"directions": ["h"]}]}}}, "data": {"path": "/data"}})",
               "model: scan.supernet is true"},
        BadRun{"Candidate", RunWith(R"(, "search": {"candidates": ["x3"]})"),
               "search.candidates: "},
        BadRun{"TooManyChosen",
               RunWith(R"(, "search": {"candidates": ["h"], "directions_per_layer": 2})"),
               "search.directions_per_layer is 2"},
        BadRun{"SearchEpochs", RunWith(R"(, "search": {"recipe": {"epochs": 0}})"),
               "search.recipe: epochs is 0"},
        BadRun{"WeightsAndSearch", RunWith(R"(, "search": {}, "initial_weights": "a")"),
               "initial_weights is \"a\""}),
    [](const auto& info) { return info.param.name; });

TEST(TrainingRunTest, NamesAFileThatIsNotThere) {
  const auto run = ReadTrainingRun("/nowhere/run.json");
  EXPECT_EQ(run.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(run.status().message()), HasSubstr("/nowhere/run.json"));
}

TEST(ShippedRecipesTest, AreValid) {
  for (const char* name : {"paper", "cifar10", "tiny"}) {
    const auto recipe =
        ReadRecipe(absl::StrCat(SourceDir(), "/model/training/recipes/", name, ".json"));
    ASSERT_TRUE(recipe.ok()) << recipe.status();
    const auto settings = RecipeFromProto(*recipe);
    ASSERT_TRUE(settings.ok()) << settings.status();
    EXPECT_TRUE(Validate(settings->recipe).ok()) << Validate(settings->recipe);
    EXPECT_TRUE(Validate(settings->augmentation).ok());
  }
}

}  // namespace
}  // namespace localmamba
