#include "model/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/support/tar.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_dataset.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Files = std::map<std::string, std::string>;

DatasetConfig Config(const TemporaryFolder& folder, const Files& files) {
  folder.Write(files);
  DatasetConfig config;
  config.path = folder.path();
  return config;
}

TEST(DatasetTest, ClassesAndImagesAreSortedByName) {
  const TemporaryFolder folder;
  const auto data = OpenDataset(Config(folder, {{"train/dog/b.jpg", ""},
                                                {"train/dog/a.JPEG", ""},
                                                {"train/cat/1.png", ""},
                                                {"train/cat/2.webp", ""},
                                                {"train/cat/notes.txt", ""},
                                                {"train/cat/._1.png", ""},
                                                {"train/.cache/x.png", ""},
                                                {"train/readme.png", ""},
                                                {"val/dog/c.jpg", ""}}));
  ASSERT_TRUE(data.ok()) << data.status();
  const ImageFolder& train = *data->train;
  EXPECT_THAT(train.classes(), ElementsAre("cat", "dog"));
  ASSERT_EQ(train.size(), 4);
  EXPECT_EQ(train.path(0), "train/cat/1.png");
  EXPECT_EQ(train.path(1), "train/cat/2.webp");
  EXPECT_EQ(train.path(2), "train/dog/a.JPEG");
  EXPECT_EQ(train.path(3), "train/dog/b.jpg");
  EXPECT_EQ(train.label(1), 0);
  EXPECT_EQ(train.label(3), 1);
  // Labelled as in training, though it has one class only.
  EXPECT_EQ(data->validation->label(0), 1);
  EXPECT_THAT(data->validation->classes(), ElementsAre("cat", "dog"));
  EXPECT_EQ(data->validation->path(0), "val/dog/c.jpg");
}

TEST(DatasetTest, AFolderAndATarFileOfItAreTheSame) {
  const Files files = MakeTinyDataset({.train_images = 2, .validation_images = 1});
  const TemporaryFolder folder;
  TarBuilder builder;
  for (const auto& [path, content] : files) builder.AddFile(path, content);
  const auto a = OpenDataset(Config(folder, files));
  const TemporaryFolder tar_folder;
  DatasetConfig tar = Config(tar_folder, {{"data.tar", builder.Finish()}});
  tar.path += "/data.tar";
  const auto b = OpenDataset(tar);
  ASSERT_TRUE(a.ok()) << a.status();
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(a->train->classes(), b->train->classes());
  ASSERT_EQ(a->train->size(), 6);
  ASSERT_EQ(b->train->size(), 6);
  for (int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(a->train->path(i), b->train->path(i));
    EXPECT_EQ(a->train->label(i), b->train->label(i));
    EXPECT_EQ(a->train->Read(i, 1 << 20).value(), b->train->Read(i, 1 << 20).value());
  }
}

TEST(DatasetTest, APartMayLieDeeper) {
  const TemporaryFolder folder;
  DatasetConfig config = Config(folder, {{"set/train/a/1.png", ""}, {"set/val/a/1.png", ""}});
  config.train = "set/train";
  config.validation = "set/val";
  EXPECT_TRUE(OpenDataset(config).ok());
}

struct BadCase {
  const char* name;
  Files files;
  const char* message;
};

class BadDatasetTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadDatasetTest, IsRefusedNamingTheTrouble) {
  const TemporaryFolder folder;
  const DatasetConfig config = Config(folder, GetParam().files);
  const absl::Status status = OpenDataset(config).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr(GetParam().message));
  EXPECT_THAT(status.message(), HasSubstr(config.path));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadDatasetTest,
    testing::Values(BadCase{"NoPart",
                            {{"train/a/1.png", ""}, {"test/a/1.png", ""}},
                            "no folder \"val\"; there are: test, train"},
                    BadCase{"Nothing", {{"x", ""}}, "no folder \"train\"; there are: none"},
                    BadCase{"NoClass", {{"train/1.png", ""}}, "train has no folders"},
                    BadCase{"EmptyClass",
                            {{"train/a/1.png", ""}, {"train/b/1.txt", ""}},
                            "class folder train/b has no images"},
                    BadCase{"ClassThatIsNotUtf8",
                            {{"train/caf\xe9/1.png", ""}, {"val/caf\xe9/1.png", ""}},
                            "class folder train/caf\\xe9: wanted UTF-8"},
                    BadCase{"UnknownClass",
                            {{"train/a/1.png", ""}, {"val/a/1.png", ""}, {"val/z/1.png", ""}},
                            "class \"z\" of val is not among the 1 that training has"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DatasetConfigTest, FieldsAreChecked) {
  const auto message = [](const auto& change) {
    DatasetConfig config{.path = "x"};
    change(config);
    return std::string(Validate(config).message());
  };
  EXPECT_EQ(message([](DatasetConfig&) {}), "");
  EXPECT_THAT(message([](DatasetConfig& c) { c.path = ""; }), HasSubstr("data.path"));
  EXPECT_THAT(message([](DatasetConfig& c) { c.train = ""; }), HasSubstr("data.train"));
  EXPECT_THAT(message([](DatasetConfig& c) { c.validation = ""; }), HasSubstr("data.validation"));
  EXPECT_THAT(message([](DatasetConfig& c) { c.max_unreadable_share = 1.5; }),
              HasSubstr("data.max_unreadable_share: 1.5, wanted 0 to 1"));
  EXPECT_THAT(message([](DatasetConfig& c) { c.cache_bytes = -1; }),
              HasSubstr("data.cache_bytes: -1, wanted at least 0"));
}

}  // namespace
}  // namespace localmamba
