#include "trainer/experiment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/search/supernet.h"
#include "server/training_run/training_run_proto.h"
#include "tests/support/source_dir.h"
#include "tests/support/temporary_folder.h"

namespace localmamba::trainer {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Members of an experiment, each after a comma, with a base of two layers.
constexpr char kBase[] = R"({"base": {
    "model": {"local_vim": {"embed_dim": 32,
              "scan": {"layers": [{"directions": ["h", "v"]}, {"directions": ["w2"]}]}}},
    "data": {"path": "/data"}, "recipe": {"epochs": 40, "seed": 9}})";

absl::StatusOr<ExperimentPlan> Plan(const std::string& json) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/experiment.json") << json;
  const auto experiment = ReadExperiment(folder.path() + "/experiment.json");
  if (!experiment.ok()) return experiment.status();
  return PlanExperiment(*experiment);
}

// An experiment with these variants and two seeds.
std::string WithVariants(const std::string& variants) {
  return absl::StrCat(kBase, R"(, "seeds": [1, 2], "variants": [)", variants, "]}");
}

std::vector<std::vector<std::string>> Layers(const PlannedRun& run) {
  std::vector<std::vector<std::string>> layers;
  for (const LayerDirections& directions : Scan(run.run.model.network).directions) {
    layers.emplace_back();
    for (const ScanDirection& direction : directions) layers.back().push_back(direction.ToString());
  }
  return layers;
}

TEST(ExperimentTest, EveryVariantIsTrainedWithEverySeed) {
  const auto plan = Plan(WithVariants(R"({"name": "a"}, {"name": "b"})"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  std::vector<std::string> folders;
  for (const PlannedRun& run : plan->runs) folders.push_back(run.folder);
  EXPECT_THAT(folders,
              ElementsAre("runs/a/seed-1", "runs/b/seed-1", "runs/a/seed-2", "runs/b/seed-2"));
  EXPECT_EQ(plan->runs[2].run.settings.recipe.seed, 2);
  EXPECT_EQ(plan->runs[2].proto.recipe().seed(), 2);
  EXPECT_EQ(plan->runs[3].variant, 1U);
}

TEST(ExperimentTest, AVariantWithoutChangesIsTheBase) {
  const auto plan = Plan(WithVariants(R"({"name": "a"})"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(Layers(plan->runs[0]), ElementsAre(ElementsAre("h", "v"), ElementsAre("w2")));
  EXPECT_EQ(plan->variants[0].directions, "base");
  EXPECT_EQ(plan->variants[0].attention, "channel");
}

TEST(ExperimentTest, FixedDirectionsAreForAllLayersOrOneEach) {
  const auto plan = Plan(WithVariants(
      R"({"name": "all", "fixed": {"layers": [{"directions": ["h", "h_flip"]}]}},
         {"name": "each", "attention": "ATTENTION_NONE",
          "fixed": {"layers": [{"directions": ["v"]}, {"directions": ["h"]}]}})"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(Layers(plan->runs[0]), Each(ElementsAre("h", "h_flip")));
  EXPECT_THAT(Layers(plan->runs[1]), ElementsAre(ElementsAre("v"), ElementsAre("h")));
  EXPECT_EQ(plan->variants[0].directions, "h h_flip");
  EXPECT_EQ(plan->variants[1].directions, "v | h");
  EXPECT_EQ(plan->variants[1].attention, "none");
  EXPECT_EQ(Scan(plan->runs[1].run.model.network).attention, AttentionKind::kNone);
}

TEST(ExperimentTest, ARandomListIsTheSameForAllSeedsOfTraining) {
  const auto plan = Plan(WithVariants(
      R"({"name": "r", "random": {"directions_per_layer": 3, "list_seeds": [7, 8]}})"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_THAT(plan->runs, SizeIs(4));
  EXPECT_EQ(plan->runs[1].folder, "runs/r/list-8-seed-1");
  EXPECT_THAT(Layers(plan->runs[0]), Each(SizeIs(3)));
  EXPECT_EQ(Layers(plan->runs[0]), Layers(plan->runs[2]));
  EXPECT_NE(Layers(plan->runs[0]), Layers(plan->runs[1]));
}

TEST(ExperimentTest, ASearchHasTheSeedOfItsRun) {
  const auto plan = Plan(WithVariants(
      R"({"name": "own", "search": {"recipe": {"epochs": 30}}}, {"name": "base", "search": {}})"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->runs[2].run.search->settings.recipe.seed, 2);
  EXPECT_EQ(plan->runs[2].run.search->settings.recipe.epochs, 30);
  EXPECT_EQ(plan->runs[3].run.search->settings.recipe.seed, 2);
  EXPECT_EQ(plan->variants[0].directions, "search");
}

struct BadExperiment {
  std::string name;
  std::string json;
  std::string message;
};

class BadExperimentTest : public ::testing::TestWithParam<BadExperiment> {};

TEST_P(BadExperimentTest, IsRefusedNamingTheField) {
  const auto plan = Plan(GetParam().json);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(plan.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Experiments, BadExperimentTest,
    ::testing::Values(
        BadExperiment{"UnknownField", absl::StrCat(kBase, R"(, "variant": []})"), "variant"},
        BadExperiment{"NoBase", R"({"seeds": [1], "variants": [{"name": "a"}]})",
                      "base.model: no network is given, wanted local_vim or local_vmamba"},
        BadExperiment{"SearchInBase", R"({"base": {"model": {"local_vim": {}}, "search": {}}})",
                      "base.search is given, wanted it in a variant"},
        BadExperiment{"NoVariants", WithVariants(""), "variants is empty, wanted at least 1"},
        BadExperiment{"NoSeeds", absl::StrCat(kBase, R"(, "variants": [{"name": "a"}]})"),
                      "seeds is empty, wanted at least 1"},
        BadExperiment{"NegativeSeed",
                      absl::StrCat(kBase, R"(, "seeds": [1, -1], "variants": [{"name": "a"}]})"),
                      "seeds[1] is -1, wanted a number from 0"},
        BadExperiment{"SeedTwice",
                      absl::StrCat(kBase, R"(, "seeds": [1, 1], "variants": [{"name": "a"}]})"),
                      "seeds has 1 twice"},
        BadExperiment{"NoName", WithVariants("{}"), "variants[0].name is \"\", wanted 1 to 24"},
        BadExperiment{"NameIsAPath", WithVariants(R"({"name": "a"}, {"name": "../b"})"),
                      "variants[1].name is \"../b\""},
        BadExperiment{"NameTwice", WithVariants(R"({"name": "a"}, {"name": "a"})"),
                      "variants has the name \"a\" twice"},
        BadExperiment{"TwoKindsOfDirections",
                      WithVariants(R"({"name": "a", "search": {}, "random": {}})"), "oneof"},
        BadExperiment{"LayersMissing",
                      WithVariants(R"({"name": "a", "fixed": {"layers": [{}, {}, {}]}})"),
                      "\"a\": fixed.layers has 3 entries, wanted 1 or as many as base.model has, "
                      "which is 2"},
        BadExperiment{
            "UnknownDirection",
            WithVariants(R"({"name": "a", "fixed": {"layers": [{"directions": ["x"]}]}})"),
            "\"a\": model: local_vim: scan.layers[0].directions[0]"},
        BadExperiment{"NoListSeeds", WithVariants(R"({"name": "a", "random": {}})"),
                      "\"a\": random.list_seeds is empty"},
        BadExperiment{"UnknownCandidate",
                      WithVariants(R"({"name": "a", "random": {"candidates": ["x"],
                                       "list_seeds": [1]}})"),
                      "\"a\": random.candidates: "},
        BadExperiment{"TooManyRandom",
                      WithVariants(R"({"name": "a", "random": {"directions_per_layer": 9,
                                       "list_seeds": [1]}})"),
                      "directions_per_layer is 9"},
        BadExperiment{"SearchWithoutTraining",
                      WithVariants(R"({"name": "a", "search": {"retrain": false}})"),
                      "\"a\": search.retrain is false"},
        BadExperiment{"RecipeOfTheBase",
                      R"({"base": {"model": {"local_vim": {"scan": {"layers": [
                          {"directions": ["h"]}]}}}, "data": {"path": "/data"},
                          "recipe": {"epochs": 0}}, "seeds": [1], "variants": [{"name": "a"}]})",
                      "base with variant \"a\": recipe: epochs is 0"}),
    [](const auto& info) { return info.param.name; });

TEST(ShippedExperimentsTest, AreValid) {
  for (const char* name : {"local_to_global", "attention", "search", "ablation", "tiny"}) {
    const auto experiment =
        ReadExperiment(absl::StrCat(SourceDir(), "/model/training/experiments/", name, ".json"));
    ASSERT_TRUE(experiment.ok()) << experiment.status();
    const auto plan = PlanExperiment(*experiment);
    ASSERT_TRUE(plan.ok()) << name << ": " << plan.status();
    std::set<std::string> folders;
    for (const PlannedRun& run : plan->runs) folders.insert(run.folder);
    EXPECT_EQ(folders.size(), plan->runs.size()) << name;
  }
}

}  // namespace
}  // namespace localmamba::trainer
