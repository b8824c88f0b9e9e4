#include "kernels/device/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace localmamba {
namespace {

TEST(ParallelForTest, CoversEveryIndexOnce) {
  for (const int threads : {1, 2, 5}) {
    Stream stream = *Stream::Create(Device::Cpu(), threads);
    for (const int64_t count : {0, 1, 7, 64, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<size_t>(count));
      ParallelFor(stream, count, 3, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
      });
      for (const auto& visit : visits) EXPECT_EQ(visit, 1);
    }
  }
}

TEST(StreamTest, RejectsANegativeNumberOfThreads) {
  EXPECT_EQ(Stream::Create(Device::Cpu(), -1).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(StreamTest, KeepsLocalStatePerType) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  stream.Local<int>() = 3;
  Stream moved = std::move(stream);
  EXPECT_EQ(moved.Local<int>(), 3);
  EXPECT_EQ(moved.Local<double>(), 0.0);
}

}  // namespace
}  // namespace localmamba
