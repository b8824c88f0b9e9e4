#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/repository/change_model.h"
#include "server/repository/model_repository.h"
#include "tests/support/tiny_repository.h"

namespace localmamba {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OpenRepositoryTest : public ::testing::Test {
 protected:
  absl::Status Write(const std::string& model, int64_t version, const std::string& labels = "") {
    return repository_.Write(model, version, spec_, labels);
  }

  // What a server loads, up to the first that cannot be.
  [[nodiscard]] absl::StatusOr<std::vector<std::shared_ptr<ModelVersion>>> Load() const {
    LM_ASSIGN_OR_RETURN(const ModelRepository repository,
                        ModelRepository::Open(path_.string(), {}));
    LM_ASSIGN_OR_RETURN(const std::vector<std::string> names, repository.ModelNames());
    std::vector<std::shared_ptr<ModelVersion>> loaded;
    for (const std::string& name : names) {
      LM_ASSIGN_OR_RETURN(const ModelFolder folder, repository.Read(name));
      for (const int64_t version : VersionsToServe(folder)) {
        LM_ASSIGN_OR_RETURN(loaded.emplace_back(), repository.Load(folder, version));
      }
    }
    return loaded;
  }

  void ExpectRefused(const std::string& message,
                     absl::StatusCode code = absl::StatusCode::kInvalidArgument) const {
    const absl::Status status = Load().status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  }

  const TinyRepository repository_;
  const std::filesystem::path path_ = repository_.path();
  ModelSpec spec_ = TinySpec();
};

TEST_F(OpenRepositoryTest, LoadsTheNewestAndTheLabelledVersionsOfEveryModel) {
  for (const int64_t version : {1, 2, 3}) ASSERT_TRUE(Write("a", version).ok());
  ASSERT_TRUE(Write("b", 7, R"({"labels": ["x", "y", "z"]})").ok());
  spec_.version_labels["stable"] = 1;
  ASSERT_TRUE(Write("a", 3).ok());
  std::filesystem::create_directory(path_ / ".hidden");
  const auto versions = Load();
  ASSERT_TRUE(versions.ok()) << versions.status();
  std::string names;
  for (const auto& version : *versions) absl::StrAppend(&names, version->model, version->version);
  EXPECT_EQ(names, "a1a3b7");
  EXPECT_EQ((*versions)[1]->labels[2], "class_2");
  EXPECT_EQ((*versions)[2]->labels[2], "z");
  EXPECT_EQ((*versions)[2]->engines.size(), 1U);
}

TEST_F(OpenRepositoryTest, ThePolicyAndTheLabelsSayWhatIsLoaded) {
  for (const int64_t version : {1, 2, 3, 4}) ASSERT_TRUE(Write("a", version).ok());
  spec_.version_labels["stable"] = 1;
  spec_.version_policy = LatestVersions{.count = 2};
  ASSERT_TRUE(Write("a", 4).ok());
  const auto to_serve = [&] { return VersionsToServe(*ReadModelFolder((path_ / "a").string())); };
  EXPECT_THAT(to_serve(), ElementsAre(1, 3, 4));
  spec_.version_policy = SpecificVersions{.versions = {2, 9}};
  ASSERT_TRUE(Write("a", 4).ok());
  EXPECT_THAT(to_serve(), ElementsAre(1, 2, 9));
  spec_.version_policy = AllVersions();
  ASSERT_TRUE(Write("a", 4).ok());
  EXPECT_THAT(to_serve(), ElementsAre(1, 2, 3, 4));
}

TEST_F(OpenRepositoryTest, ADanglingLinkIsNoModel) {
  ASSERT_TRUE(Write("a", 1).ok());
  std::filesystem::create_symlink("/no/such/folder", path_ / "b");
  std::filesystem::create_symlink("/no/such/folder", path_ / "a/2");
  EXPECT_EQ(Load()->size(), 1U);
}

TEST_F(OpenRepositoryTest, AVersionMayHaveASpecOfItsOwn) {
  ASSERT_TRUE(Write("a", 1).ok());
  spec_.version_labels["stable"] = 1;
  ASSERT_TRUE(Write("a", 1).ok());
  ModelSpec own = TinySpec();
  std::get<LocalVimConfig>(own.network).scan.directions[0] = {*ScanDirection::Parse("v_flip")};
  own.description = "another";
  ASSERT_TRUE(WriteModelSpec(own, (path_ / "a/1/model.json").string()).ok());
  const auto versions = Load();
  ASSERT_TRUE(versions.ok()) << versions.status();
  const ModelSpec& spec = (*versions)[0]->spec;
  EXPECT_EQ(spec.description, "another");
  EXPECT_EQ(std::get<LocalVimConfig>(spec.network).scan.directions[0][0].ToString(), "v_flip");
  EXPECT_EQ(spec.version_labels.at("stable"), 1);
}

TEST_F(OpenRepositoryTest, AModelWhoseLastVersionWasDeletedIsNoObstacle) {
  ASSERT_TRUE(Write("a", 1).ok());
  ASSERT_TRUE(Write("b", 1).ok());
  ASSERT_TRUE(DeleteVersion(*ReadModelFolder((path_ / "a").string()), 1).ok());
  const auto versions = Load();
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_EQ(versions->size(), 1U);
  EXPECT_EQ((*versions)[0]->model, "b");
}

TEST_F(OpenRepositoryTest, AMissingRepositoryIsNotFound) {
  EXPECT_EQ(ModelRepository::Open("/no/such/folder", {}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(OpenRepositoryTest, WhatIsWrongWithAModelIsNamed) {
  std::filesystem::create_directories(path_ / "m");
  ExpectRefused("m/model.json", absl::StatusCode::kNotFound);
  ASSERT_TRUE(WriteModelSpec(spec_, (path_ / "m/model.json").string()).ok());
  std::filesystem::create_directories(path_ / "m/1");
  ExpectRefused("m/1/weights.safetensors", absl::StatusCode::kNotFound);
  ASSERT_TRUE(Write("m", 1, R"({"labels": ["only one"]})").ok());
  ExpectRefused("m/1/labels.json");
  std::filesystem::remove(path_ / "m/1/labels.json");
  std::filesystem::create_directory(path_ / "m/1/labels.json");
  ExpectRefused("m/1/labels.json: cannot be read", absl::StatusCode::kNotFound);
  ASSERT_TRUE(Write("m", 1).ok());
  std::get<LocalVimConfig>(spec_.network).num_classes = 4;
  ASSERT_TRUE(WriteModelSpec(spec_, (path_ / "m/model.json").string()).ok());
  ExpectRefused("\"head.weight\" is f32[3,16], wanted a floating-point [4,16]");
}

}  // namespace
}  // namespace localmamba
