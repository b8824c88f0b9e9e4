#include "kernels/device/arena.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace localmamba {
namespace {

// Counts what is taken and fails once `limit_bytes` is spent.
class LimitedAllocator final : public Allocator {
 public:
  explicit LimitedAllocator(size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  absl::StatusOr<Buffer> Allocate(size_t bytes) override {
    if (in_use_ + bytes > limit_bytes_) return absl::ResourceExhaustedError("limit reached");
    in_use_ += bytes;
    ++calls_;
    return Buffer(std::aligned_alloc(kBufferAlignment, bytes), bytes, this);
  }
  [[nodiscard]] Device device() const override { return Device::Cpu(); }
  [[nodiscard]] size_t in_use() const { return in_use_; }
  [[nodiscard]] int calls() const { return calls_; }

 private:
  void Free(void* data, size_t bytes) override {
    in_use_ -= bytes;
    std::free(data);
  }
  size_t limit_bytes_;
  size_t in_use_ = 0;
  int calls_ = 0;
};

TEST(ArenaTest, TheSameCallsGetTheSameAddressesAndNothingNewFromUpstream) {
  LimitedAllocator upstream(1 << 20);
  Arena arena(upstream, 4096);
  std::vector<void*> first;
  std::vector<void*> second;
  for (auto* addresses : {&first, &second}) {
    Buffer a = *arena.Allocate(1000);
    Buffer b = *arena.Allocate(2000);
    addresses->push_back(a.data());
    addresses->push_back(b.data());
    a = Buffer();
    Buffer c = *arena.Allocate(900);
    addresses->push_back(c.data());
  }
  EXPECT_EQ(first, second);
  EXPECT_EQ(upstream.calls(), 1);
  EXPECT_EQ(first[2], first[0]) << "the block given back is used again";
}

TEST(ArenaTest, NeighboursGivenBackMergeIntoOneBlock) {
  LimitedAllocator upstream(1 << 20);
  Arena arena(upstream, 3 * kBufferAlignment);
  {
    Buffer a = *arena.Allocate(kBufferAlignment);
    Buffer b = *arena.Allocate(kBufferAlignment);
    Buffer c = *arena.Allocate(kBufferAlignment);
    b = Buffer();
    a = Buffer();
    c = Buffer();
  }
  Buffer whole = *arena.Allocate(3 * kBufferAlignment);
  EXPECT_EQ(upstream.calls(), 1);
}

TEST(ArenaTest, ReportsUsePeakAndReserve) {
  LimitedAllocator upstream(1 << 20);
  Arena arena(upstream, 4096);
  {
    Buffer a = *arena.Allocate(300);  // rounded up to 512
    Buffer b = *arena.Allocate(512);
    EXPECT_EQ(arena.bytes_in_use(), 1024U);
  }
  EXPECT_EQ(arena.bytes_in_use(), 0U);
  EXPECT_EQ(arena.peak_bytes(), 1024U);
  EXPECT_EQ(arena.reserved_bytes(), 4096U);
  arena.ReleaseUnused();
  EXPECT_EQ(arena.reserved_bytes(), 0U);
  EXPECT_EQ(upstream.in_use(), 0U);
}

TEST(ArenaTest, ThePeakCanBeTakenAnew) {
  LimitedAllocator upstream(1 << 20);
  Arena arena(upstream, 4096);
  const Buffer kept = *arena.Allocate(256);
  arena.Allocate(2048).IgnoreError();
  EXPECT_EQ(arena.peak_bytes(), 2304U);
  arena.ResetPeak();
  EXPECT_EQ(arena.peak_bytes(), 256U);
  arena.Allocate(512).IgnoreError();
  EXPECT_EQ(arena.peak_bytes(), 768U);
}

TEST(ArenaTest, AFootprintKeepsItsChunksFromBeingReleased) {
  LimitedAllocator upstream(1 << 20);
  Arena arena(upstream, 4096);
  const Buffer before = *arena.Allocate(256);
  arena.StartFootprint();
  arena.Allocate(8192).IgnoreError();  // a chunk of its own
  Arena::Footprint footprint = arena.TakeFootprint();
  arena.Allocate(16384).IgnoreError();  // another, which nobody holds
  arena.ReleaseUnused();
  EXPECT_EQ(arena.reserved_bytes(), 4096U + 8192U);
  footprint.clear();
  arena.ReleaseUnused();
  EXPECT_EQ(arena.reserved_bytes(), 4096U) << "what holds a buffer stays";
}

TEST(ArenaTest, PassesOnThatMemoryIsExhausted) {
  LimitedAllocator upstream(1000);
  Arena arena(upstream, 256);
  EXPECT_EQ(arena.Allocate(2000).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(arena.Allocate(200).ok()) << "and goes on with what there is";
}

}  // namespace
}  // namespace localmamba
