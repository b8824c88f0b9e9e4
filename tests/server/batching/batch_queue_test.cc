#include "server/batching/batch_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

using testing::HasSubstr;

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

BatchRequest RequestOf(int64_t side) {
  const auto pixels = std::make_shared<std::vector<uint8_t>>(side * side * 3);
  return {.pixels = Tensor::Share(
              TensorView(pixels->data(), DType::kUInt8, {side, side, 3}, Device::Cpu()), pixels),
          .context = {},
          .done = [](absl::StatusOr<InferenceResult>) {}};
}

TEST(BatchQueueTest, GivesBackInTheOrderOfArrival) {
  BatchQueue queue({.max_requests = 4, .max_bytes = 1000});
  ASSERT_TRUE(queue.Push(RequestOf(1), kStart).ok());
  ASSERT_TRUE(queue.Push(RequestOf(2), kStart + absl::Seconds(1)).ok());
  ASSERT_TRUE(queue.Push(RequestOf(3), kStart + absl::Seconds(2)).ok());

  EXPECT_EQ(queue.Snapshot().requests, 3U);
  EXPECT_EQ(queue.Snapshot().oldest_arrival, kStart);
  const std::vector<WaitingRequest> front = queue.PopFront(2);
  ASSERT_EQ(front.size(), 2U);
  EXPECT_EQ(front[0].request.pixels.dim(0), 1);
  EXPECT_EQ(front[1].request.pixels.dim(0), 2);
  EXPECT_EQ(front[1].arrival, kStart + absl::Seconds(1));
  EXPECT_EQ(queue.size(), 1U);
}

TEST(BatchQueueTest, RefusesMoreRequestsThanItsLimitAndLeavesTheRequestAlone) {
  BatchQueue queue({.max_requests = 1, .max_bytes = 1000});
  ASSERT_TRUE(queue.Push(RequestOf(1), kStart).ok());
  BatchRequest second = RequestOf(2);
  const absl::Status status = queue.Push(std::move(second), kStart);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("max_queue_requests is 1"));
  EXPECT_EQ(ReasonOf(status), RejectReason::kBatchQueueFull);
  EXPECT_TRUE(second.done != nullptr);  // NOLINT(bugprone-use-after-move): taken only if OK
}

TEST(BatchQueueTest, RefusesMoreBytesThanItsLimitAndCountsThoseThatLeft) {
  BatchQueue queue({.max_requests = 10, .max_bytes = 15});
  ASSERT_TRUE(queue.Push(RequestOf(2), kStart).ok());  // 12 bytes
  const absl::Status status = queue.Push(RequestOf(2), kStart);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("12 bytes wait and 12 came, max_queue_bytes is 15"));
  queue.PopFront(1);
  EXPECT_TRUE(queue.Push(RequestOf(2), kStart).ok());
}

TEST(BatchQueueTest, RemovesTheCancelledAndTheLateAndKeepsTheRest) {
  BatchQueue queue({.max_requests = 10, .max_bytes = 1000});
  const auto cancelled = std::make_shared<std::atomic<bool>>(true);
  BatchRequest late = RequestOf(1);
  late.context.deadline = kStart + absl::Seconds(1);
  BatchRequest left = RequestOf(2);
  left.context.cancelled = cancelled;
  BatchRequest wanted = RequestOf(3);
  wanted.context.deadline = kStart + absl::Seconds(2);
  ASSERT_TRUE(queue.Push(std::move(late), kStart).ok());
  ASSERT_TRUE(queue.Push(std::move(left), kStart).ok());
  ASSERT_TRUE(queue.Push(std::move(wanted), kStart).ok());

  const std::vector<UnwantedRequest> unwanted = queue.RemoveUnwanted(kStart + absl::Seconds(1));
  ASSERT_EQ(unwanted.size(), 2U);
  EXPECT_EQ(unwanted[0].status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(unwanted[0].status), RejectReason::kDeadline);
  EXPECT_EQ(unwanted[1].status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(ReasonOf(unwanted[1].status), RejectReason::kCancelled);
  ASSERT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.PopFront(1)[0].request.pixels.dim(0), 3);
}

}  // namespace
}  // namespace localmamba::server
