#include "model/data/file_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/tar.h"
#include "tests/support/temporary_folder.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kNoLimit = size_t{1} << 30;

std::string Text(const absl::StatusOr<std::vector<uint8_t>>& bytes) {
  return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : bytes.status().ToString();
}

absl::StatusOr<std::unique_ptr<FileTree>> OpenTar(const std::string& content) {
  const TemporaryFolder folder;
  folder.Write({{"data.tar", content}});
  return FileTree::Open(folder.path() + "/data.tar");  // stays open when the folder is gone
}

// 200 characters: too long for the name field of a tar header, which has 100.
const std::string& LongName() {
  static const std::string& name =
      *new std::string("train/" + std::string(120, 'd') + "/" + std::string(73, 'f'));
  return name;
}

TEST(FolderTreeTest, ListsAndReads) {
  const TemporaryFolder folder;
  const std::string& root = folder.path();
  folder.Write({{"b/2.txt", "two"}, {"b/1.txt", "one"}, {"a/x/y", "z"}, {"top", ""}});
  std::filesystem::create_symlink(root + "/b", root + "/link");
  std::filesystem::create_symlink(root + "/nowhere", root + "/dangling");
  const auto tree = FileTree::Open(root);
  ASSERT_TRUE(tree.ok()) << tree.status();
  const auto top = (*tree)->List("");
  ASSERT_TRUE(top.ok()) << top.status();
  EXPECT_THAT(top->folders, ElementsAre("a", "b", "link"));
  EXPECT_THAT(top->files, ElementsAre("top"));
  EXPECT_THAT((*tree)->List("link")->files, ElementsAre("1.txt", "2.txt"));
  EXPECT_EQ(Text((*tree)->Read("b/2.txt", 3)), "two");
  EXPECT_EQ(Text((*tree)->Read("top", 0)), "");
}

TEST(FolderTreeTest, NamesWhatIsMissingOrTooLarge) {
  const TemporaryFolder folder;
  const std::string& root = folder.path();
  folder.Write({{"a", "12345"}});
  const auto tree = FileTree::Open(root);
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_TRUE(absl::IsNotFound((*tree)->List("b").status()));
  EXPECT_THAT(Text((*tree)->Read("b", kNoLimit)), HasSubstr("/b: cannot open"));
  EXPECT_THAT(Text((*tree)->Read("a", 4)), HasSubstr("/a: 5 bytes, wanted at most 4"));
  const auto nothing = FileTree::Open(root + "/none");
  EXPECT_TRUE(absl::IsNotFound(nothing.status()));
  EXPECT_THAT(nothing.status().message(), HasSubstr("/none: does not exist"));
}

class TarTreeTest : public testing::TestWithParam<TarStyle> {};

TEST_P(TarTreeTest, ListsAndReads) {
  TarBuilder tar(GetParam());
  tar.AddFolder("./train/");
  tar.AddFile("./train/b/1.jpg", std::string(700, '1'));
  tar.AddFile("train/a/2.jpg", "two");
  tar.AddFolder("train/empty");
  tar.AddEntry("train/a/link", '2', "");
  tar.AddFile(LongName(), "long");
  tar.AddFile("train/a/2.jpg", "two again");
  const auto tree = OpenTar(tar.Finish());
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_THAT((*tree)->List("")->folders, ElementsAre("train"));
  EXPECT_THAT((*tree)->List("train")->folders,
              ElementsAre("a", "b", std::string(120, 'd'), "empty"));
  EXPECT_THAT((*tree)->List("train/a")->files, ElementsAre("2.jpg"));
  EXPECT_THAT((*tree)->List("train/empty")->files, IsEmpty());
  EXPECT_EQ(Text((*tree)->Read("train/b/1.jpg", kNoLimit)), std::string(700, '1'));
  EXPECT_EQ(Text((*tree)->Read("train/a/2.jpg", kNoLimit)), "two again");
  EXPECT_EQ(Text((*tree)->Read(LongName(), kNoLimit)), "long");
}

TEST_P(TarTreeTest, NamesWhatIsMissing) {
  TarBuilder tar(GetParam());
  tar.AddFile("train/a/2.jpg", "two");
  const auto tree = OpenTar(tar.Finish());
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_TRUE(absl::IsNotFound((*tree)->List("val").status()));
  EXPECT_THAT(Text((*tree)->Read("train/a/3.jpg", kNoLimit)), HasSubstr("has no train/a/3.jpg"));
  EXPECT_THAT(Text((*tree)->Read("train/a/2.jpg", 2)), HasSubstr("3 bytes, wanted at most 2"));
}

INSTANTIATE_TEST_SUITE_P(Styles, TarTreeTest,
                         testing::Values(TarStyle::kUstar, TarStyle::kGnu, TarStyle::kPax));

TEST(TarTreeBadInputTest, WhatIsNoTarFileIsRefused) {
  for (const std::string& content : {std::string("\x1F\x8B compressed"), std::string(2000, 'x')}) {
    const auto tree = OpenTar(content);
    EXPECT_TRUE(absl::IsInvalidArgument(tree.status())) << tree.status();
    EXPECT_THAT(tree.status().message(), HasSubstr("tar file"));
    EXPECT_THAT(tree.status().message(), HasSubstr("byte 0"));
  }
}

TEST(TarTreeBadInputTest, EveryTruncationIsFound) {
  TarBuilder tar(TarStyle::kGnu);
  tar.AddFile("train/a/1.jpg", std::string(600, '1'));
  tar.AddFile(LongName(), "long");
  const std::string whole = tar.Finish();
  // One of the two empty blocks at the end is enough.
  for (size_t size = 1; size < whole.size() - 512; size += 256) {
    EXPECT_TRUE(absl::IsInvalidArgument(OpenTar(whole.substr(0, size)).status())) << size;
  }
}

TEST(TarTreeBadInputTest, SparseFilesAreRefused) {
  TarBuilder tar;
  tar.AddEntry("train/a/1.jpg", 'S', "");
  EXPECT_THAT(OpenTar(tar.Finish()).status().message(), HasSubstr("sparse files are not read"));
}

TEST(TarTreeBadInputTest, DamagedPaxHeadersAreRefused) {
  for (const std::string& records :
       std::vector<std::string>{"", "7 path", "99 path=a\n", "x path=a\n", "12 size=1x3\n"}) {
    TarBuilder tar;
    tar.AddEntry("header", 'x', records);
    tar.AddFile("train/a/1.jpg", "one");
    const auto tree = OpenTar(tar.Finish());
    EXPECT_EQ(tree.ok(), records.empty()) << records;
  }
}

}  // namespace
}  // namespace localmamba
