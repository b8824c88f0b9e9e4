#include "server/pipeline/repository_poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/fake_clock.h"
#include "tests/support/tiny_repository.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RepositoryPollerTest : public testing::Test {
 protected:
  RepositoryPollerTest() {
    EXPECT_TRUE(files_.Write("m", 1).ok());
    poller_ = std::make_unique<RepositoryPoller>(repository_, manager_, clock_, log_);
    EXPECT_TRUE(manager_.LoadAtStart().ok());
  }

  void Write(const std::string& model, int64_t version) {
    ASSERT_TRUE(files_.Write(model, version).ok());
  }
  [[nodiscard]] const ServedVersion* Newest() const { return served_.Find("m", "")->get(); }

  const TinyRepository files_;
  const ModelRepository repository_ = *ModelRepository::Open(files_.path().string(), {});
  const std::unique_ptr<Allocator> host_ = *CreateDeviceAllocator(Device::Cpu());
  FakeClock clock_;
  prometheus::Registry registry_;
  ServerMetrics metrics_{registry_};
  LoadMetrics load_metrics_{registry_};
  const Log log_ = *Log::ToStderr("error");
  ServedModels served_{{}, *host_, clock_, metrics_};
  ModelManager manager_{repository_, served_, load_metrics_, log_, {.mode = RepositoryMode::kPoll}};
  std::unique_ptr<RepositoryPoller> poller_;
};

TEST_F(RepositoryPollerTest, ANewVersionIsTakenUpOnceItHasSettled) {
  Write("m", 2);
  poller_->Poll();
  EXPECT_THAT(served_.Versions("m"), ElementsAre(1));
  poller_->Poll();
  EXPECT_THAT(served_.Versions("m"), ElementsAre(2));
}

TEST_F(RepositoryPollerTest, WhatGoesOnChangingIsLeftAlone) {
  Write("m", 2);
  const std::filesystem::path weights = files_.path() / "m/2/weights.safetensors";
  for (int i = 0; i < 3; ++i) {
    poller_->Poll();
    std::ofstream(weights, std::ios::app) << "x";
  }
  EXPECT_THAT(served_.Versions("m"), ElementsAre(1));
  EXPECT_THAT(manager_.Failures(), IsEmpty());
}

TEST_F(RepositoryPollerTest, WhatHasNotChangedIsNotLoadedAnew) {
  const ServedVersion* before = Newest();
  for (int i = 0; i < 3; ++i) poller_->Poll();
  EXPECT_EQ(Newest(), before);
}

TEST_F(RepositoryPollerTest, ChangedWeightsAreLoadedAnew) {
  const ServedVersion* before = Newest();
  Write("m", 1);
  for (int i = 0; i < 2; ++i) poller_->Poll();
  EXPECT_NE(Newest(), before);
}

TEST_F(RepositoryPollerTest, AChangedModelJsonIsTakenUp) {
  Write("m", 2);
  ModelSpec spec = TinySpec();
  spec.version_policy = AllVersions();
  spec.version_labels = {{"stable", 1}};
  ASSERT_TRUE(WriteModelSpec(spec, (files_.path() / "m/model.json").string()).ok());
  for (int i = 0; i < 2; ++i) poller_->Poll();
  EXPECT_THAT(served_.Versions("m"), ElementsAre(1, 2));
  EXPECT_EQ((*served_.Find("m", "stable"))->model().version, 1);
}

TEST_F(RepositoryPollerTest, ModelsComeAndGo) {
  Write("new", 1);
  for (int i = 0; i < 2; ++i) poller_->Poll();
  EXPECT_THAT(served_.ModelNames(), ElementsAre("m", "new"));
  std::filesystem::remove_all(files_.path() / "m");
  for (int i = 0; i < 2; ++i) poller_->Poll();
  EXPECT_THAT(served_.ModelNames(), ElementsAre("new"));
  Write("m", 1);
  for (int i = 0; i < 2; ++i) poller_->Poll();
  EXPECT_THAT(served_.ModelNames(), ElementsAre("m", "new"));
}

TEST_F(RepositoryPollerTest, WhatFailedIsTriedAgainOnlyWhenItsFilesChange) {
  Write("m", 2);
  std::filesystem::resize_file(files_.path() / "m/2/weights.safetensors", 50);
  for (int i = 0; i < 4; ++i) poller_->Poll();
  EXPECT_THAT(served_.Versions("m"), ElementsAre(1));
  EXPECT_THAT(manager_.Failures(), SizeIs(1));
  EXPECT_THAT(metrics_.Text(),
              testing::HasSubstr(R"(localmamba_model_load_failures_total{model="m"} 1)"));
  Write("m", 2);
  for (int i = 0; i < 2; ++i) poller_->Poll();
  EXPECT_THAT(served_.Versions("m"), ElementsAre(2));
  EXPECT_THAT(manager_.Failures(), IsEmpty());
}

TEST_F(RepositoryPollerTest, ARepositoryThatIsAwayUnloadsNothing) {
  const std::string elsewhere = files_.path().string() + ".away";
  std::filesystem::rename(files_.path(), elsewhere);
  for (int i = 0; i < 2; ++i) poller_->Poll();
  EXPECT_THAT(served_.Versions("m"), ElementsAre(1));
  std::filesystem::rename(elsewhere, files_.path());
}

TEST_F(RepositoryPollerTest, LooksAgainAfterEachInterval) {
  Write("m", 2);
  poller_->Start(absl::Seconds(5));
  while (!served_.Has("m", 2)) {
    clock_.AwaitTimer();
    clock_.Advance(absl::Seconds(5));
    std::this_thread::yield();
  }
}

}  // namespace
}  // namespace localmamba::server
