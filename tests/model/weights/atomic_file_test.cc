#include "model/weights/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "model/weights/mapped_file.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

class AtomicFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "atomic-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string Path() const { return (folder_ / "file").string(); }
  [[nodiscard]] std::string Content() const {
    const auto file = MappedFile::Open(Path());
    if (!file.ok()) return std::string(file.status().message());
    const auto bytes = (*file)->bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  [[nodiscard]] ptrdiff_t FileCount() const {
    return std::distance(std::filesystem::directory_iterator(folder_), {});
  }

  std::filesystem::path folder_;
};

TEST_F(AtomicFileTest, AppearsOnlyWhenCommitted) {
  ASSERT_TRUE(WriteFileAtomically(Path(), "old").ok());
  {
    AtomicFile file = *AtomicFile::Create(Path());
    ASSERT_TRUE(file.Write("new").ok());
    EXPECT_EQ(Content(), "old");
    ASSERT_TRUE(file.Commit().ok());
  }
  EXPECT_EQ(Content(), "new");
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(AtomicFileTest, TakesThePlaceOfRegularFilesOnly) {
  std::filesystem::create_symlink("elsewhere", Path());
  const absl::Status status = WriteFileAtomically(Path(), "new");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("file: exists and is no regular file"));
  EXPECT_TRUE(std::filesystem::is_symlink(Path()));
}

TEST_F(AtomicFileTest, LeavesNothingWithoutCommit) {
  {
    AtomicFile file = *AtomicFile::Create(Path());
    ASSERT_TRUE(file.Write("half of it").ok());
    const AtomicFile moved = std::move(file);
  }
  EXPECT_EQ(FileCount(), 0);
}

TEST_F(AtomicFileTest, AFailedCommitLeavesNothing) {
  {
    AtomicFile file = *AtomicFile::Create(Path());
    std::filesystem::create_directories(Path() + "/in_the_way");
    const absl::Status status = file.Commit();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr(Path()));
  }
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(AtomicFileTest, OnlyARegularFileWithContentCanBeMapped) {
  EXPECT_EQ(MappedFile::Open(Path()).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(WriteFileAtomically(Path(), "").ok());
  EXPECT_EQ(Content(), Path() + ": is empty");
  EXPECT_EQ(MappedFile::Open(folder_.string()).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace localmamba
