#include "model/data/ordered_prefetcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "model/data/tensor_pool.h"

namespace localmamba {
namespace {

struct CountingBatch {
  int64_t number = 0;
  int64_t count = 3;
  std::atomic<int64_t> ran = 0;
  absl::Status status;

  [[nodiscard]] int64_t parts() const { return count; }
  absl::Status RunPart(int64_t /*part*/) {
    ++ran;
    return status;
  }
};

using Prefetcher = OrderedPrefetcher<CountingBatch>;

// Numbered batches up to `end`; that of number `bad` fails.
Prefetcher::Make Batches(int64_t end, int64_t bad = -1) {
  return [next = int64_t{0}, end, bad]() mutable -> absl::StatusOr<std::unique_ptr<CountingBatch>> {
    if (next == end) return std::unique_ptr<CountingBatch>();
    auto batch = std::make_unique<CountingBatch>();
    batch->number = next;
    batch->count = 1 + next % 4;
    if (next == bad) batch->status = absl::InternalError("bad batch");
    ++next;
    return batch;
  };
}

class OrderedPrefetcherTest : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(OrderedPrefetcherTest, GivesEveryBatchInOrderWithAllPartsRunOnce) {
  const auto [threads, depth] = GetParam();
  Prefetcher prefetcher(threads, depth, Batches(50));
  for (int64_t i = 0; i < 50; ++i) {
    const auto batch = prefetcher.Next();
    ASSERT_TRUE(batch.ok()) << batch.status();
    ASSERT_NE(*batch, nullptr);
    EXPECT_EQ((*batch)->number, i);
    EXPECT_EQ((*batch)->ran, (*batch)->count);
  }
  EXPECT_EQ(prefetcher.Next().value(), nullptr);
  EXPECT_EQ(prefetcher.Next().value(), nullptr);
}

TEST_P(OrderedPrefetcherTest, AnErrorComesAfterTheBatchesBeforeItAndStays) {
  const auto [threads, depth] = GetParam();
  Prefetcher prefetcher(threads, depth, Batches(50, 7));
  for (int64_t i = 0; i < 7; ++i) EXPECT_TRUE(prefetcher.Next().ok());
  EXPECT_EQ(prefetcher.Next().status().message(), "bad batch");
  EXPECT_EQ(prefetcher.Next().status().message(), "bad batch");
}

TEST_P(OrderedPrefetcherTest, ABatchThatCannotBeMadeIsAnError) {
  const auto [threads, depth] = GetParam();
  Prefetcher prefetcher(threads, depth,
                        [first = true]() mutable -> absl::StatusOr<std::unique_ptr<CountingBatch>> {
                          if (!first) return absl::ResourceExhaustedError("no memory");
                          first = false;
                          return std::make_unique<CountingBatch>();
                        });
  EXPECT_TRUE(prefetcher.Next().ok());
  EXPECT_TRUE(absl::IsResourceExhausted(prefetcher.Next().status()));
}

TEST_P(OrderedPrefetcherTest, StopsWithBatchesLeft) {
  const auto [threads, depth] = GetParam();
  Prefetcher prefetcher(threads, depth, Batches(1'000'000'000));
  EXPECT_TRUE(prefetcher.Next().ok());
}

INSTANTIATE_TEST_SUITE_P(ThreadsAndDepth, OrderedPrefetcherTest,
                         testing::Values(std::pair{1, 1}, std::pair{1, 3}, std::pair{4, 1},
                                         std::pair{4, 3}));

TEST(OrderedPrefetcherTest, RunsNoFurtherAheadThanAsked) {
  std::atomic<int64_t> made = 0;
  Prefetcher prefetcher(2, 3, [&made]() -> absl::StatusOr<std::unique_ptr<CountingBatch>> {
    ++made;
    return std::make_unique<CountingBatch>();
  });
  for (int64_t taken = 0; taken < 20; ++taken) {
    EXPECT_LE(made, taken + 3);
    EXPECT_TRUE(prefetcher.Next().ok());
  }
}

TEST(TensorPoolTest, UsesMemoryAgainOnceNobodyHoldsIt) {
  const auto allocator = CreateDeviceAllocator(Device::Cpu()).value();
  Tensor kept;
  {
    TensorPool pool(*allocator, DType::kFloat32, {2, 3});
    Tensor a = pool.Take().value();
    const float* address = a.data<float>();
    const Tensor part = a.Slice(0, 0, 1);
    a = Tensor();
    const Tensor b = pool.Take().value();
    EXPECT_NE(b.data<float>(), address) << "a part of it is still held";
    EXPECT_EQ(b.shape(), Shape({2, 3}));
    kept = pool.Take().value();
  }
  kept.data<float>()[5] = 1;  // tensors outlive the pool

  TensorPool pool(*allocator, DType::kUInt8, {4});
  const uint8_t* address = pool.Take().value().data<uint8_t>();
  EXPECT_EQ(pool.Take().value().data<uint8_t>(), address);
}

}  // namespace
}  // namespace localmamba
