#include "server/pipeline/model_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/pipeline/model_index.h"
#include "tests/support/tiny_repository.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ModelManagerTest : public testing::Test {
 protected:
  ModelManagerTest() {
    EXPECT_TRUE(repository_.Write("m", 1).ok());
    EXPECT_TRUE(repository_.Write("m", 2).ok());
    EXPECT_TRUE(manager_.LoadAtStart().ok());
    manager_.Announce([this](const std::string& model, bool serving) {
      announced_.push_back(absl::StrCat(model, serving ? " serves" : " is gone"));
    });
  }

  [[nodiscard]] VersionStatus Version(int64_t version) const {
    const auto models = *manager_.List();
    return models[0].versions[static_cast<size_t>(version - 1)];
  }
  [[nodiscard]] bool Serves(int64_t version) const { return served_.Has("m", version); }

  const TinyRepository repository_;
  const std::unique_ptr<Allocator> host_ = *CreateDeviceAllocator(Device::Cpu());
  RealClock clock_;
  prometheus::Registry registry_;
  ServerMetrics metrics_{registry_};
  ServedModels served_{{}, *host_, clock_, metrics_};
  LoadMetrics load_metrics_{registry_};
  const Log log_ = *Log::ToStderr("error");
  ModelManager manager_{
      *ModelRepository::Open(repository_.path().string(), {}), served_, load_metrics_, log_, {}};
  std::vector<std::string> announced_;
};

TEST_F(ModelManagerTest, LoadsBesideWhatServes) {
  EXPECT_EQ(Version(1).state, VersionState::kUnloaded);
  EXPECT_EQ(Version(2).state, VersionState::kServing);
  EXPECT_EQ(manager_.Load("m", 1)->state, VersionState::kServing);
  EXPECT_EQ(manager_.Load("m", 1)->state, VersionState::kServing);
  EXPECT_TRUE(Serves(1) && Serves(2));
}

TEST_F(ModelManagerTest, AVersionThatCannotBeLoadedTellsWhyAndDisturbsNothing) {
  ASSERT_TRUE(repository_.Write("m", 3).ok());
  std::filesystem::remove(repository_.path() / "m/3/weights.safetensors");
  EXPECT_FALSE(manager_.Load("m", 3).ok());
  EXPECT_EQ(Version(3).state, VersionState::kFailed);
  EXPECT_THAT(Version(3).message, HasSubstr("m/3/weights.safetensors"));
  EXPECT_EQ((*served_.Find("m", ""))->model().version, 2);
  ASSERT_TRUE(repository_.Write("m", 3).ok());
  EXPECT_EQ(manager_.Load("m", 3)->state, VersionState::kServing);
}

TEST_F(ModelManagerTest, AModelThatCannotBeReadIsListedWithTheReason) {
  std::filesystem::create_directory(repository_.path() / "broken");
  const auto models = *manager_.List();
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].name, "broken");
  EXPECT_THAT(models[0].message, HasSubstr("broken/model.json"));
  EXPECT_EQ(models[1].message, "");
  EXPECT_EQ(models[1].versions.size(), 2U);
}

TEST_F(ModelManagerTest, AModelIsLoadedAnewInPlaceOfItsOlderSelf) {
  ServedModels::Handle old = *served_.Find("m", "2");
  std::thread reload([this] { EXPECT_TRUE(manager_.LoadModel("m").ok()); });
  while (served_.Find("m", "2")->get() == old.get()) std::this_thread::yield();
  EXPECT_EQ(old->model().version, 2);  // as long as somebody holds it
  old.reset();
  reload.join();
  EXPECT_EQ(Version(2).state, VersionState::kServing);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(localmamba_model_loaded{model="m",version="2"} 1)"));
}

TEST_F(ModelManagerTest, AReloadThatFailsKeepsTheOldOneServingAndTellsWhy) {
  std::filesystem::remove(repository_.path() / "m/2/weights.safetensors");
  EXPECT_EQ(manager_.LoadModel("m").code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Serves(2));
  EXPECT_EQ(Version(2).state, VersionState::kServing);
  EXPECT_THAT(Version(2).message, HasSubstr("m/2/weights.safetensors"));
  const std::vector<IndexEntry> index = IndexOf(*manager_.List());
  ASSERT_EQ(index.size(), 2U);
  EXPECT_EQ(index[0].state, "UNAVAILABLE");
  EXPECT_EQ(index[0].reason, "unloaded");
  EXPECT_EQ(index[1].state, "READY");
  EXPECT_THAT(index[1].reason, HasSubstr("m/2/weights.safetensors"));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr(R"(localmamba_model_load_failed{model="m",version="2"} 1)"));
  ASSERT_TRUE(repository_.Write("m", 2).ok());
  EXPECT_TRUE(manager_.LoadModel("m").ok());
  EXPECT_EQ(Version(2).message, "");
  EXPECT_THAT(manager_.Failures(), IsEmpty());
  EXPECT_THAT(metrics_.Text(), Not(HasSubstr("localmamba_model_load_failed{")));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(localmamba_model_load_failures_total{model="m"} 1)"));
}

TEST_F(ModelManagerTest, TheIndexTellsOfModelsThatCannotBeReadOrHaveNoVersions) {
  std::filesystem::create_directories(repository_.path() / "broken");
  std::ofstream(repository_.path() / "broken/model.json") << "{";
  std::filesystem::remove_all(repository_.path() / "m/1");
  std::filesystem::remove_all(repository_.path() / "m/2");
  ASSERT_TRUE(manager_.UnloadModel("m").ok());
  const std::vector<IndexEntry> index = IndexOf(*manager_.List());
  ASSERT_EQ(index.size(), 2U);
  EXPECT_EQ(index[0].model, "broken");
  EXPECT_EQ(index[0].state, "UNAVAILABLE");
  EXPECT_THAT(index[0].reason, HasSubstr("broken/model.json"));
  EXPECT_EQ(index[1].model, "m");
  EXPECT_EQ(index[1].version, 0);
  EXPECT_EQ(index[1].state, "");
}

TEST_F(ModelManagerTest, NothingIsLoadedOnceTheServerStops) {
  manager_.BeginStop();
  EXPECT_EQ(manager_.LoadModel("m").code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(manager_.Load("m", 1).status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(Serves(2));
}

TEST_F(ModelManagerTest, LoadingAModelFollowsItsPolicyAndItsLabels) {
  ASSERT_TRUE(repository_.Write("m", 3).ok());
  ModelSpec spec = TinySpec();
  spec.version_policy = SpecificVersions{.versions = {3}};
  spec.version_labels = {{"stable", 1}};
  ASSERT_TRUE(repository_.Write("m", 3, spec).ok());
  ASSERT_TRUE(manager_.LoadModel("m").ok());
  EXPECT_THAT(served_.Versions("m"), ElementsAre(1, 3));
  EXPECT_EQ((*served_.Find("m", "stable"))->model().version, 1);
}

TEST_F(ModelManagerTest, WhatShouldBeReplacedServesUntilItsSuccessorDoes) {
  ASSERT_TRUE(manager_.SetLabel("m", "stable", 2).ok());
  ModelSpec spec = TinySpec();
  spec.version_labels = {{"stable", 3}};
  ASSERT_TRUE(repository_.Write("m", 3, spec).ok());
  std::filesystem::remove(repository_.path() / "m/3/weights.safetensors");
  EXPECT_FALSE(manager_.LoadModel("m").ok());
  EXPECT_EQ((*served_.Find("m", "stable"))->model().version, 2);
  EXPECT_EQ((*served_.Find("m", ""))->model().version, 2);
  ASSERT_TRUE(repository_.Write("m", 3, spec).ok());
  ASSERT_TRUE(manager_.LoadModel("m").ok());
  EXPECT_THAT(served_.Versions("m"), ElementsAre(3));
  EXPECT_EQ((*served_.Find("m", "stable"))->model().version, 3);
}

TEST_F(ModelManagerTest, UnloadsAWholeModelWhateverLabelsItHas) {
  ASSERT_TRUE(manager_.SetLabel("m", "stable", 2).ok());
  ASSERT_TRUE(manager_.Load("m", 1).ok());
  ASSERT_TRUE(manager_.UnloadModel("m").ok());
  EXPECT_THAT(served_.ModelNames(), IsEmpty());
  EXPECT_EQ(announced_.back(), "m is gone");
  EXPECT_TRUE(manager_.UnloadModel("m").ok());
  EXPECT_EQ(manager_.UnloadModel("nope").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(manager_.LoadModel("nope").code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(manager_.LoadModel("m").ok());
  EXPECT_EQ((*served_.Find("m", "stable"))->model().version, 2);
}

TEST_F(ModelManagerTest, SynchronizingLoadsAnewOnlyWhatHasChanged) {
  const ServedVersion* first = served_.Find("m", "2")->get();
  ASSERT_TRUE(manager_.Synchronize("m").ok());
  EXPECT_EQ(served_.Find("m", "2")->get(), first);
  ASSERT_TRUE(repository_.Write("m", 2).ok());  // other files of the same content
  ASSERT_TRUE(manager_.Synchronize("m").ok());
  EXPECT_NE(served_.Find("m", "2")->get(), first);
  const ServedVersion* second = served_.Find("m", "2")->get();
  ModelSpec spec = TinySpec();
  spec.version_labels = {{"stable", 2}};
  ASSERT_TRUE(WriteModelSpec(spec, (repository_.path() / "m/model.json").string()).ok());
  ASSERT_TRUE(manager_.Synchronize("m").ok());
  EXPECT_EQ(served_.Find("m", "stable")->get(), second);
  spec.preprocess.resize_short_side = 40;
  ASSERT_TRUE(WriteModelSpec(spec, (repository_.path() / "m/model.json").string()).ok());
  ASSERT_TRUE(manager_.Synchronize("m").ok());
  EXPECT_EQ((*served_.Find("m", ""))->model().spec.preprocess.resize_short_side, 40);
}

TEST_F(ModelManagerTest, SynchronizingUnloadsAModelThatIsGoneButNotOneThatCannotBeRead) {
  std::ofstream(repository_.path() / "m/model.json") << "{";
  EXPECT_EQ(manager_.Synchronize("m").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Serves(2));
  ASSERT_EQ(manager_.Failures().size(), 1U);
  EXPECT_EQ(manager_.Failures()[0].version, 0);
  EXPECT_EQ((*manager_.List())[0].versions[0].state, VersionState::kServing);
  std::filesystem::remove_all(repository_.path() / "m");
  ASSERT_TRUE(manager_.Synchronize("m").ok());
  EXPECT_THAT(served_.ModelNames(), IsEmpty());
  EXPECT_THAT(manager_.Failures(), IsEmpty());
}

TEST_F(ModelManagerTest, UnloadsTellingWhetherTheModelStillServes) {
  ASSERT_TRUE(manager_.Load("m", 1).ok());
  EXPECT_EQ(manager_.Unload("m", 2)->state, VersionState::kUnloaded);
  EXPECT_FALSE(Serves(2));
  EXPECT_THAT(announced_, ElementsAre("m serves", " serves"));
  EXPECT_EQ(manager_.Unload("m", 2)->state, VersionState::kUnloaded);
  ASSERT_TRUE(manager_.Unload("m", 1).ok());
  EXPECT_EQ(announced_.back(), "m is gone");
}

TEST_F(ModelManagerTest, ALabelPointsAtVersionsThatServeAndKeepsThem) {
  EXPECT_EQ(manager_.SetLabel("m", "stable", 1).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(manager_.SetLabel("m", "stable", 2)->versions[1].labels, ElementsAre("stable"));
  EXPECT_EQ((*served_.Find("m", "stable"))->model().version, 2);
  EXPECT_EQ(ReadModelFolder((repository_.path() / "m").string())->spec.version_labels.at("stable"),
            2);
  EXPECT_EQ(manager_.Unload("m", 2).status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(manager_.SetLabel("m", "stable", 0).ok());
  EXPECT_FALSE(served_.Find("m", "stable").ok());
  EXPECT_TRUE(manager_.Unload("m", 2).ok());
}

TEST_F(ModelManagerTest, DeletesWhatIsNotLoaded) {
  EXPECT_EQ(manager_.Delete("m", 2).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(manager_.Delete("m", 1).ok());
  EXPECT_FALSE(std::filesystem::exists(repository_.path() / "m/1"));
}

TEST_F(ModelManagerTest, WhatIsNotThereIsNamed) {
  EXPECT_EQ(manager_.Load("nope", 1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(manager_.Load("../m", 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(manager_.Load("m", 0).status().code(), absl::StatusCode::kInvalidArgument);
  const absl::Status status = manager_.Unload("m", 7).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("there are: 1, 2"));
}

TEST_F(ModelManagerTest, APublishedVersionServes) {
  const TinyRepository made;
  ASSERT_TRUE(made.Write("result", 1).ok());
  const std::string result = (made.path() / "result").string();
  EXPECT_EQ(*manager_.Publish("m", result, "job 1"), 3);
  EXPECT_EQ(*manager_.Publish("other", result, "job 2"), 1);
  EXPECT_TRUE(Serves(3));
  EXPECT_EQ(announced_.back(), "other serves");
  std::filesystem::remove(made.path() / "result/1/weights.safetensors");
  const absl::Status status = manager_.Publish("m", result, "job 3").status();
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("not published, because it cannot be loaded"));
  EXPECT_EQ((*served_.Find("m", ""))->model().version, 3);
  // Else the next server would try to load it.
  EXPECT_FALSE(std::filesystem::exists(repository_.path() / "m/4"));
  EXPECT_EQ((*manager_.List())[0].versions.size(), 3U);
}

// One good model beside some that are not.
class BadModelsTest : public testing::Test {
 protected:
  BadModelsTest() {
    EXPECT_TRUE(repository_.Write("good", 1).ok());
    std::filesystem::create_directory(repository_.path() / "lost+found");
    EXPECT_TRUE(repository_.Write("truncated", 1).ok());
    std::filesystem::resize_file(repository_.path() / "truncated/1/weights.safetensors", 100);
  }

  // Loads what is there. Returns the last that was told of the server.
  bool Start(bool strict) {
    ModelManager manager(*ModelRepository::Open(repository_.path().string(), {}), served_,
                         load_metrics_, log_, {.strict_readiness = strict});
    EXPECT_TRUE(manager.LoadAtStart().ok());
    failures_ = manager.Failures();
    bool ready = false;
    manager.Announce([&](const std::string& model, bool serving) {
      if (model.empty()) ready = serving;
    });
    return ready;
  }

  const TinyRepository repository_;
  const std::unique_ptr<Allocator> host_ = *CreateDeviceAllocator(Device::Cpu());
  RealClock clock_;
  prometheus::Registry registry_;
  ServerMetrics metrics_{registry_};
  ServedModels served_{{}, *host_, clock_, metrics_};
  LoadMetrics load_metrics_{registry_};
  const Log log_ = *Log::ToStderr("error");
  std::vector<LoadFailure> failures_;
};

TEST_F(BadModelsTest, TheOthersServeAndWhatFailedIsTold) {
  EXPECT_TRUE(Start(/*strict=*/false));
  EXPECT_THAT(served_.ModelNames(), ElementsAre("good"));
  ASSERT_EQ(failures_.size(), 2U);
  EXPECT_EQ(failures_[0].model, "lost+found");
  EXPECT_EQ(failures_[0].version, 0);
  EXPECT_THAT(failures_[0].message, HasSubstr("lost+found/model.json"));
  EXPECT_EQ(failures_[1].model, "truncated");
  EXPECT_EQ(failures_[1].version, 1);
  EXPECT_THAT(failures_[1].message, HasSubstr("truncated/1/weights.safetensors"));
}

TEST_F(BadModelsTest, AStrictServerIsNotReady) { EXPECT_FALSE(Start(/*strict=*/true)); }

TEST_F(BadModelsTest, AServerOfWhichNothingServesIsNotReady) {
  std::filesystem::remove_all(repository_.path() / "good");
  EXPECT_FALSE(Start(/*strict=*/false));
}

TEST_F(BadModelsTest, OutsideExplicitModeCallsChangeNothingThatServes) {
  ASSERT_TRUE(repository_.Write("good", 2).ok());
  for (const RepositoryMode mode : {RepositoryMode::kNone, RepositoryMode::kPoll}) {
    ModelManager manager(*ModelRepository::Open(repository_.path().string(), {}), served_,
                         load_metrics_, log_, {.mode = mode});
    for (const absl::Status& status :
         {manager.Load("good", 1).status(), manager.Unload("good", 2).status(),
          manager.LoadModel("good"), manager.UnloadModel("good")}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_THAT(std::string(status.message()), HasSubstr("repository.mode is"));
    }
  }
}

}  // namespace
}  // namespace localmamba::server
