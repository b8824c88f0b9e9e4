#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/networks/network.h"
#include "model/weights/initialize.h"
#include "server/repository/model_repository.h"
#include "server/repository/write_model.h"

namespace localmamba {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class OpenRepositoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "repository-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
    LocalVimConfig config;
    config.scan.directions = {{*ScanDirection::Parse("h")}, {*ScanDirection::Parse("w2")}};
    config.image_height = config.image_width = 32;
    config.patch_size = 8;
    config.embed_dim = 16;
    config.num_classes = 3;
    spec_.network = config;
    spec_.preprocess = {.resize_short_side = 32, .crop_height = 32, .crop_width = 32};
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  absl::Status Write(const std::string& model, int64_t version, const std::string& labels = "") {
    const auto memory = *CreateDeviceAllocator(Device::Cpu());
    const auto network = *CreateNetwork(spec_.network);
    EXPECT_TRUE(InitializeParameters(network->parameters(), 0, *memory).ok());
    WriteModelOptions options;
    options.version = version;
    options.overwrite = true;
    options.labels_json = labels;
    return WriteModel((path_ / model).string(), spec_, network->parameters(), options);
  }

  [[nodiscard]] absl::StatusOr<std::unique_ptr<ModelRepository>> Open() const {
    return ModelRepository::Open(path_.string(), EngineOptions());
  }

  void ExpectRefused(const std::string& message) const {
    const absl::Status status = Open().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  }

  std::filesystem::path path_;
  ModelSpec spec_;
};

TEST_F(OpenRepositoryTest, LoadsTheNewestAndTheLabelledVersionsOfEveryModel) {
  for (const int64_t version : {1, 2, 3}) ASSERT_TRUE(Write("a", version).ok());
  ASSERT_TRUE(Write("b", 7, R"({"labels": ["x", "y", "z"]})").ok());
  spec_.version_labels["stable"] = 1;
  ASSERT_TRUE(Write("a", 3).ok());
  std::filesystem::create_directory(path_ / ".hidden");
  const auto repository = Open();
  ASSERT_TRUE(repository.ok()) << repository.status();
  EXPECT_EQ((*repository)->List().size(), 3U);
  EXPECT_EQ((*(*repository)->Find("a", ""))->version, 3);
  EXPECT_EQ((*(*repository)->Find("a", "stable"))->version, 1);
  EXPECT_EQ((*repository)->Find("a", "2").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ((*(*repository)->Find("a", ""))->labels[2], "class_2");
  EXPECT_EQ((*(*repository)->Find("b", "7"))->labels[2], "z");
  EXPECT_NE((*(*repository)->Find("b", "7"))->engine, nullptr);
}

TEST_F(OpenRepositoryTest, AMissingRepositoryIsNotFound) {
  EXPECT_EQ(ModelRepository::Open("/no/such/folder", EngineOptions()).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(OpenRepositoryTest, WhatIsWrongWithAModelIsNamed) {
  std::filesystem::create_directories(path_ / "m");
  ExpectRefused("m/model.json");
  ASSERT_TRUE(WriteModelSpec(spec_, (path_ / "m/model.json").string()).ok());
  ExpectRefused("m: has no version");
  std::filesystem::create_directories(path_ / "m/1");
  ExpectRefused("m/1/weights.safetensors");
  ASSERT_TRUE(Write("m", 1, R"({"labels": ["only one"]})").ok());
  ExpectRefused("m/1/labels.json");
  std::filesystem::remove(path_ / "m/1/labels.json");
  std::filesystem::create_directory(path_ / "m/1/labels.json");
  ExpectRefused("m/1/labels.json: cannot be read");
  ASSERT_TRUE(Write("m", 1).ok());
  std::get<LocalVimConfig>(spec_.network).num_classes = 4;
  ASSERT_TRUE(WriteModelSpec(spec_, (path_ / "m/model.json").string()).ok());
  ExpectRefused("\"head.weight\" is f32[3,16], wanted a floating-point [4,16]");
}

}  // namespace
}  // namespace localmamba
