#include "server/pipeline/model_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/tiny_repository.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ModelManagerTest : public testing::Test {
 protected:
  ModelManagerTest() {
    EXPECT_TRUE(repository_.Write("m", 1).ok());
    EXPECT_TRUE(repository_.Write("m", 2).ok());
    EXPECT_TRUE(manager_.LoadDefaults().ok());
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
  ModelManager manager_{*ModelRepository::Open(repository_.path().string(), {}), served_};
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

TEST_F(ModelManagerTest, UnloadsTellingWhetherTheModelStillServes) {
  ASSERT_TRUE(manager_.Load("m", 1).ok());
  EXPECT_EQ(manager_.Unload("m", 2)->state, VersionState::kUnloaded);
  EXPECT_FALSE(Serves(2));
  EXPECT_THAT(announced_, ElementsAre("m serves", "m serves"));
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

}  // namespace
}  // namespace localmamba::server
