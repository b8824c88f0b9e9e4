#include "server/rpc/open_inference/shared_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>

#include "tests/support/shared_memory_object.h"

namespace localmamba::server {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max();

class SharedMemoryTest : public testing::Test {
 protected:
  absl::Status Register(const std::string& name, uint64_t offset, uint64_t byte_size) {
    return regions_.Register(name, object_.key(), offset, byte_size);
  }

  std::string Text(const SharedMemoryRegions::Handle& region, uint64_t offset, uint64_t bytes) {
    const auto read = region->Read(offset, bytes);
    return read.ok() ? std::string(read->begin(), read->end()) : std::string("failed");
  }

  SharedMemoryObject object_{100};
  SharedMemoryRegions regions_;
};

TEST_F(SharedMemoryTest, ReadsAndWritesWithinTheRegion) {
  object_.Write(10, "0123456789");
  ASSERT_TRUE(Register("r", 10, 20).ok());
  const auto region = regions_.Find({.region = "r", .offset = 2, .byte_size = 5}, "input \"x\"");
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_EQ(Text(*region, 2, 5), "23456");
  EXPECT_TRUE((*region)->Write(15, "abcde").ok());
  EXPECT_EQ(object_.Read(25, 5), "abcde");
}

TEST_F(SharedMemoryTest, TellsWhatIsRegistered) {
  ASSERT_TRUE(Register("a", 0, 50).ok());
  ASSERT_TRUE(Register("b", 50, 50).ok());
  const auto all = regions_.Status("");
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->at("b")->key(), object_.key());
  EXPECT_EQ(all->at("b")->offset(), 50U);
  EXPECT_EQ(all->at("b")->byte_size(), 50U);
  EXPECT_EQ(regions_.Status("a")->size(), 1U);
  const absl::Status unknown = regions_.Status("c").status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(unknown.message(), "name: no region \"c\" is registered");
}

TEST_F(SharedMemoryTest, ANameIsRegisteredOnce) {
  ASSERT_TRUE(Register("a", 0, 50).ok());
  const absl::Status again = Register("a", 0, 10);
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  regions_.Unregister("a");
  EXPECT_TRUE(Register("a", 0, 10).ok());
}

TEST_F(SharedMemoryTest, UnregistersOneOrAllAndWhatIsNotThere) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(Register(name, 0, 10).ok());
  regions_.Unregister("a");
  regions_.Unregister("unknown");
  EXPECT_EQ(regions_.Status("")->size(), 2U);
  regions_.Unregister("");
  EXPECT_THAT(*regions_.Status(""), IsEmpty());
}

TEST_F(SharedMemoryTest, ARequestKeepsARegionThatIsUnregistered) {
  object_.Write(0, "kept");
  ASSERT_TRUE(Register("a", 0, 10).ok());
  const auto region = regions_.Find({.region = "a", .byte_size = 4}, "input \"x\"");
  regions_.Unregister("");
  EXPECT_EQ(Text(*region, 0, 4), "kept");
}

TEST_F(SharedMemoryTest, RangesBeyondTheObjectAreRefused) {
  EXPECT_TRUE(Register("whole", 0, 100).ok());
  for (const auto& [offset, byte_size] : {std::pair<uint64_t, uint64_t>{0, 101},
                                          {1, 100},
                                          {101, 1},
                                          {100, 1},
                                          {kHuge, 1},
                                          {1, kHuge},
                                          {kHuge, kHuge},
                                          {kHuge / 2, 1},
                                          {0, 0}}) {
    const absl::Status status = Register("r", offset, byte_size);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << offset << " " << byte_size;
    EXPECT_THAT(std::string(status.message()), HasSubstr("byte_size: found "));
  }
}

TEST_F(SharedMemoryTest, KeysAreNamesOfObjectsAndNothingElse) {
  for (const std::string& key :
       {std::string(), std::string("/"), std::string("no-slash"), std::string("/a/b"),
        std::string("/../x"), "/" + std::string(255, 'x'), std::string("/a\0b", 4)}) {
    const absl::Status status = regions_.Register("r", key, 0, 1);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << key;
    EXPECT_THAT(std::string(status.message()), HasSubstr("key: found "));
  }
  EXPECT_EQ(regions_.Register("r", "/localmamba-no-such-object", 0, 1).code(),
            absl::StatusCode::kNotFound);
}

TEST_F(SharedMemoryTest, NamesAreNeitherEmptyNorLong) {
  EXPECT_EQ(Register("", 0, 1).message(), "name: found \"\", wanted 1 to 255 bytes");
  EXPECT_FALSE(Register(std::string(256, 'x'), 0, 1).ok());
}

TEST_F(SharedMemoryTest, SlicesBeyondTheRegionAreRefused) {
  ASSERT_TRUE(Register("r", 40, 20).ok());
  for (const auto& [offset, byte_size] :
       {std::pair<uint64_t, uint64_t>{0, 21}, {20, 1}, {21, 0}, {kHuge, 1}, {1, kHuge}}) {
    const absl::Status status =
        regions_.Find({.region = "r", .offset = offset, .byte_size = byte_size}, "input \"x\"")
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << offset << " " << byte_size;
    EXPECT_THAT(std::string(status.message()), HasSubstr("in region \"r\", which has 20"));
  }
  const absl::Status unknown = regions_.Find({.region = "s"}, "input \"x\"").status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(unknown.message(), "input \"x\": no shared memory region \"s\" is registered");
}

TEST_F(SharedMemoryTest, AnObjectThatItsOwnerCutsOffIsAnErrorAndNothingWorse) {
  ASSERT_TRUE(Register("r", 0, 100).ok());
  const auto region = regions_.Find({.region = "r", .byte_size = 100}, "input \"x\"");
  object_.Resize(50);
  EXPECT_THAT(std::string(region.value()->Read(0, 100).status().message()),
              HasSubstr("has become smaller: found 50 bytes, wanted 100"));
  EXPECT_EQ(region.value()->Write(40, std::string(20, 'x')).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(region.value()->Write(30, std::string(20, 'x')).ok());
}

}  // namespace
}  // namespace localmamba::server
