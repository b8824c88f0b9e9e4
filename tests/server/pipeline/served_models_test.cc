#include "server/pipeline/served_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "server/runtime/rejection.h"
#include "tests/support/fake_models.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ServedModelsTest : public testing::Test {
 protected:
  ServedModelsTest() {
    Add("b", 10);
    Add("a", 1);
    Add("a", 2);
  }

  void Add(const std::string& model, int64_t version) {
    EXPECT_TRUE(models_.Add(FakeVersion(model, version, control_)).ok());
  }
  [[nodiscard]] int64_t Found(const std::string& model, const std::string& version) const {
    return (*models_.Find(model, version))->model().version;
  }

  const std::shared_ptr<FakeEngineControl> control_ = std::make_shared<FakeEngineControl>();
  const std::unique_ptr<Allocator> host_ = *CreateDeviceAllocator(Device::Cpu());
  RealClock clock_;
  prometheus::Registry registry_;
  ServerMetrics metrics_{registry_};
  ServedModels models_{{}, *host_, clock_, metrics_};
};

TEST_F(ServedModelsTest, FindsByNumberByLabelAndTheNewest) {
  EXPECT_EQ(Found("a", "1"), 1);
  EXPECT_EQ(Found("a", "stable"), 1);
  EXPECT_EQ(Found("a", ""), 2);
  EXPECT_EQ(Found("b", ""), 10);
}

TEST_F(ServedModelsTest, AnExpectedVersionIsUnavailableUntilItServes) {
  models_.Expect("a", 3);
  models_.Expect("c", 1);
  EXPECT_EQ(Found("a", ""), 2);
  const absl::Status version = models_.Find("a", "3").status();
  EXPECT_EQ(version.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(version.message()),
              HasSubstr(R"(version 3 of model "a" is being loaded)"));
  EXPECT_EQ(ReasonOf(version), RejectReason::kLoading);
  EXPECT_EQ(models_.Find("c", "").status().code(), absl::StatusCode::kUnavailable);
  Add("a", 3);
  EXPECT_EQ(Found("a", "3"), 3);
  models_.ExpectNoLonger("a", 3);  // does no harm
  models_.ExpectNoLonger("c", 1);
  EXPECT_EQ(models_.Find("c", "").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ServedModelsTest, TellsWhatExists) {
  const absl::Status model = models_.Find("c", "").status();
  EXPECT_EQ(model.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(model.message()), HasSubstr(R"(served are: "a", "b")"));
  const absl::Status version = models_.Find("a", "3").status();
  EXPECT_EQ(version.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(version.message()), HasSubstr("served are: 1, 2"));
  const absl::Status label = models_.Find("a", "canary").status();
  EXPECT_EQ(label.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(label.message()), HasSubstr(R"(its labels are: "stable")"));
}

TEST_F(ServedModelsTest, AnEmptyNameMeansTheOnlyModel) {
  EXPECT_EQ(models_.Find("", "").status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(models_.Remove("b", 10).ok());
  EXPECT_EQ(Found("", ""), 2);
}

TEST_F(ServedModelsTest, ListsByModelThenVersion) {
  std::string names;
  for (const ServedModels::Listed& listed : models_.List()) {
    absl::StrAppend(&names, listed.version->model().model, listed.version->model().version, " ");
  }
  EXPECT_EQ(names, "a1 a2 b10 ");
  EXPECT_THAT(models_.List()[0].labels, ElementsAre("stable"));
  EXPECT_THAT(models_.ModelNames(), ElementsAre("a", "b"));
}

TEST_F(ServedModelsTest, ALabelFollowsItsModel) {
  models_.SetLabels("a", {{"stable", 2}, {"canary", 1}});
  EXPECT_EQ(Found("a", "stable"), 2);
  EXPECT_EQ(Found("a", "canary"), 1);
}

TEST_F(ServedModelsTest, ARemovedVersionIsFoundNoMore) {
  ASSERT_TRUE(models_.Remove("a", 2).ok());
  EXPECT_EQ(Found("a", ""), 1);
  EXPECT_FALSE(models_.Has("a", 2));
  EXPECT_EQ(models_.Remove("a", 2).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(models_.Remove("a", 1).ok());
  EXPECT_THAT(models_.ModelNames(), ElementsAre("b"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(localmamba_model_loaded{model="a",version="2"} 0)"));
}

TEST_F(ServedModelsTest, RemovingWaitsForWhoeverHoldsTheVersion) {
  ServedModels::Handle handle = *models_.Find("a", "2");
  std::thread remover([this] { EXPECT_TRUE(models_.Remove("a", 2).ok()); });
  while (models_.Has("a", 2)) std::this_thread::yield();
  EXPECT_EQ(handle->model().version, 2);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(localmamba_model_loaded{model="a",version="2"} 1)"));
  handle.reset();
  remover.join();
}

}  // namespace
}  // namespace localmamba::server
