#include "server/repository/change_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/tiny_repository.h"

namespace localmamba {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ChangeModelTest : public testing::Test {
 protected:
  ChangeModelTest() {
    EXPECT_TRUE(repository_.Write("m", 1).ok());
    EXPECT_TRUE(repository_.Write("m", 2).ok());
  }

  [[nodiscard]] std::string Path(const std::string& name) const {
    return (repository_.path() / name).string();
  }
  [[nodiscard]] ModelFolder Read(const std::string& model = "m") const {
    return *ReadModelFolder(Path(model));
  }

  const TinyRepository repository_;
};

TEST_F(ChangeModelTest, ALabelIsWrittenMovedAndRemoved) {
  ModelFolder folder = Read();
  ASSERT_TRUE(SetVersionLabel(folder, "stable", 1).ok());
  EXPECT_EQ(Read().spec.version_labels.at("stable"), 1);
  ASSERT_TRUE(SetVersionLabel(folder, "stable", 2).ok());
  EXPECT_EQ(Read().spec.version_labels.at("stable"), 2);
  ASSERT_TRUE(SetVersionLabel(folder, "stable", 0).ok());
  EXPECT_TRUE(Read().spec.version_labels.empty());
  EXPECT_EQ(SetVersionLabel(folder, "stable", 0).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(SetVersionLabel(folder, "12", 1).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(folder.spec.version_labels.empty());
}

TEST_F(ChangeModelTest, DeletesAVersionWithoutLabels) {
  ModelFolder folder = Read();
  ASSERT_TRUE(SetVersionLabel(folder, "stable", 1).ok());
  EXPECT_EQ(DeleteVersion(folder, 1).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(DeleteVersion(folder, 2).ok());
  EXPECT_THAT(Read().versions, ElementsAre(1));
  EXPECT_EQ(DeleteVersion(folder, 2).code(), absl::StatusCode::kNotFound);
}

TEST_F(ChangeModelTest, PublishesTheNextVersionOfAModel) {
  const TinyRepository made;
  ASSERT_TRUE(made.Write("result", 1, TinySpec(), R"({"labels": ["x", "y", "z"]})").ok());
  const std::string result = (made.path() / "result").string();
  EXPECT_EQ(*PublishVersion(result, Path("m"), "job 1"), 3);
  EXPECT_EQ(*PublishVersion(result, Path("new"), "job 2"), 1);
  EXPECT_THAT(Read().versions, ElementsAre(1, 2, 3));
  EXPECT_TRUE(std::filesystem::exists(Path("m/3/labels.json")));
  EXPECT_TRUE(std::filesystem::exists(Path("m/3/model.json")));
  EXPECT_THAT(Read("new").versions, ElementsAre(1));
}

TEST_F(ChangeModelTest, TheNumberOfADeletedVersionIsNotUsedAgain) {
  const TinyRepository made;
  ASSERT_TRUE(made.Write("result", 1).ok());
  const std::string result = (made.path() / "result").string();
  EXPECT_EQ(*PublishVersion(result, Path("m"), "job 1"), 3);
  for (const int64_t version : {3, 2, 1}) ASSERT_TRUE(DeleteVersion(Read(), version).ok());
  EXPECT_EQ(*PublishVersion(result, Path("m"), "job 2"), 4);
}

TEST_F(ChangeModelTest, WhatKilledProcessesLeftIsRemoved) {
  for (const char* name : {".new.published", "m/.2.deleted/inner", "m/.3.published", "m/.4.tmp-7",
                           ".jobs/job-1/.1.published"}) {
    std::filesystem::create_directories(Path(name));
  }
  ASSERT_TRUE(RemoveLeftovers(repository_.path().string()).ok());
  for (const char* name : {".new.published", "m/.2.deleted", "m/.3.published"}) {
    EXPECT_FALSE(std::filesystem::exists(Path(name))) << name;
  }
  for (const char* name : {"m/1", "m/2", "m/.4.tmp-7", ".jobs/job-1/.1.published"}) {
    EXPECT_TRUE(std::filesystem::exists(Path(name))) << name;
  }
  EXPECT_EQ(RemoveLeftovers(Path("nothing")).code(), absl::StatusCode::kNotFound);
}

TEST_F(ChangeModelTest, AJobIsPublishedOnce) {
  const TinyRepository made;
  ASSERT_TRUE(made.Write("result", 1).ok());
  const std::string result = (made.path() / "result").string();
  EXPECT_EQ(*PublishVersion(result, Path("m"), "job 1"), 3);
  EXPECT_EQ(*PublishVersion(result, Path("m"), "job 2"), 4);
  EXPECT_EQ(*PublishVersion(result, Path("m"), "job 1"), 3);
}

TEST_F(ChangeModelTest, APublicationThatFailsLeavesTheModelAsItWas) {
  EXPECT_EQ(PublishVersion(Path("nothing"), Path("m"), "job").status().code(),
            absl::StatusCode::kNotFound);
  const absl::Status two = PublishVersion(Path("m"), Path("m"), "job").status();
  EXPECT_EQ(two.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(two.message()), HasSubstr("has 2 versions"));
  EXPECT_THAT(Read().versions, ElementsAre(1, 2));
}

TEST_F(ChangeModelTest, NamesOfModelsAreChecked) {
  for (const char* good : {"m", "0.1-b_c", "CIFAR10"}) EXPECT_TRUE(CheckModelName(good).ok());
  for (const char* bad : {"", ".m", "-m", "a/b", "..", "a b", "\xc3\xa4"}) {
    EXPECT_EQ(CheckModelName(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_FALSE(CheckModelName(std::string(129, 'a')).ok());
}

}  // namespace
}  // namespace localmamba
