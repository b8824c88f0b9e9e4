#include "server/repository/model_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModelFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "folder-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
    std::filesystem::create_directories(path_ / "m");
    WriteSpec(R"("version_labels": {"stable": 2})");
    for (const char* version : {"2", "10", ".9.tmp"}) {
      std::filesystem::create_directory(path_ / "m" / version);
    }
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  void WriteSpec(const std::string& more) const {
    std::ofstream(path_ / "m/model.json")
        << R"({"local_vim": {"scan": {"layers": [{"directions": ["h"]}]}}, )" << more << "}";
  }

  [[nodiscard]] absl::StatusOr<ModelFolder> Read() const {
    return ReadModelFolder((path_ / "m").string());
  }

  std::filesystem::path path_;
};

TEST_F(ModelFolderTest, ListsVersionsByNumber) {
  const auto folder = Read();
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(folder->name, "m");
  EXPECT_THAT(folder->versions, ElementsAre(2, 10));
  EXPECT_EQ(ReadModelFolder((path_ / "m/").string())->name, "m");
}

TEST_F(ModelFolderTest, ResolvesNumbersLabelsAndTheNewest) {
  const ModelFolder folder = *Read();
  EXPECT_EQ(*ResolveVersion(folder, ""), 10);
  EXPECT_EQ(*ResolveVersion(folder, "2"), 2);
  EXPECT_EQ(*ResolveVersion(folder, "stable"), 2);
  for (const char* text : {"3", "02", "-2", "canary"}) {
    const auto version = ResolveVersion(folder, text);
    EXPECT_EQ(version.status().code(), absl::StatusCode::kNotFound) << text;
    EXPECT_THAT(std::string(version.status().message()), HasSubstr("there are: 2, 10"));
  }
}

TEST_F(ModelFolderTest, AFolderThatIsNoVersionIsRefused) {
  std::filesystem::create_directory(path_ / "m/v3");
  const auto folder = Read();
  EXPECT_EQ(folder.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(folder.status().message()), HasSubstr("m/v3: \"v3\" is no version"));
}

TEST_F(ModelFolderTest, ALabelOfAMissingVersionIsRefused) {
  WriteSpec(R"("version_labels": {"stable": 4})");
  const auto folder = Read();
  EXPECT_EQ(folder.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(folder.status().message()),
              HasSubstr("m/model.json: version_labels \"stable\" is 4"));
}

TEST_F(ModelFolderTest, WhatIsMissingIsNotFound) {
  EXPECT_EQ(ReadModelFolder((path_ / "x").string()).status().code(), absl::StatusCode::kNotFound);
  std::filesystem::remove(path_ / "m/model.json");
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Read().status().message()), HasSubstr("m/model.json"));
}

}  // namespace
}  // namespace localmamba
