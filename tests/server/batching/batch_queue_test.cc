#include "server/batching/batch_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr absl::Duration kMs = absl::Milliseconds(1);
constexpr absl::Duration kSecond = absl::Seconds(1);
const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

absl::Duration NoTime(size_t /*images*/) { return absl::ZeroDuration(); }

// Requests are told from one another by what they are: `images` of side 1 have 3 bytes each.
BatchRequest RequestOf(int64_t images, DType dtype = DType::kUInt8) {
  static const float kPixels[64] = {};
  const Shape shape = dtype == DType::kUInt8 ? Shape({images, 1, 1, 3}) : Shape({images, 3, 1, 1});
  return {.input = ConstTensorView(kPixels, dtype, shape),
          .scheduling = {},
          .context = {},
          .due = absl::InfiniteFuture(),
          .done = [](absl::StatusOr<InferenceResult>) {}};
}

BatchRequest WithPriority(int priority, BatchRequest request) {
  request.scheduling.priority = priority;
  return request;
}

BatchRequest WithTimeout(absl::Duration timeout, BatchRequest request) {
  request.scheduling.queue_timeout = timeout;
  return request;
}

std::vector<size_t> ImagesOf(const std::vector<WaitingRequest>& requests) {
  std::vector<size_t> images;
  for (const WaitingRequest& request : requests) images.push_back(request.request.images());
  return images;
}

TEST(BatchQueueTest, GivesBackInTheOrderOfArrival) {
  BatchQueue queue({.max_requests = 4, .max_bytes = 1000});
  ASSERT_TRUE(queue.Push(RequestOf(1), kStart).ok());
  ASSERT_TRUE(queue.Push(RequestOf(2), kStart + kSecond).ok());
  ASSERT_TRUE(queue.Push(RequestOf(3), kStart + 2 * kSecond).ok());

  const std::vector<BucketSnapshot> snapshot = queue.Snapshot();
  ASSERT_EQ(snapshot.size(), 1U);
  EXPECT_EQ(snapshot[0].images, 6U);
  EXPECT_EQ(snapshot[0].oldest_arrival, kStart);
  EXPECT_EQ(snapshot[0].first_turn, kStart);
  const std::vector<WaitingRequest> front = queue.Pop(0, 3);
  EXPECT_THAT(ImagesOf(front), ElementsAre(1, 2));
  EXPECT_EQ(front[1].arrival, kStart + kSecond);
  EXPECT_EQ(queue.requests(), 1U);
  EXPECT_EQ(queue.bytes(), 9U);
}

TEST(BatchQueueTest, NeverDividesARequestButGivesAtLeastOne) {
  BatchQueue queue({});
  ASSERT_TRUE(queue.Push(RequestOf(2), kStart).ok());
  ASSERT_TRUE(queue.Push(RequestOf(2), kStart).ok());
  ASSERT_TRUE(queue.Push(RequestOf(4), kStart).ok());
  EXPECT_THAT(ImagesOf(queue.Pop(0, 3)), ElementsAre(2));
  EXPECT_THAT(ImagesOf(queue.Pop(0, 1)), ElementsAre(2));
  EXPECT_THAT(ImagesOf(queue.Pop(0, 8)), ElementsAre(4));
  EXPECT_TRUE(queue.empty());
}

TEST(BatchQueueTest, KeepsDtypesAndShapesApart) {
  BatchQueue queue({});
  ASSERT_TRUE(queue.Push(RequestOf(1), kStart).ok());
  ASSERT_TRUE(queue.Push(RequestOf(2, DType::kFloat32), kStart + kMs).ok());
  ASSERT_TRUE(queue.Push(RequestOf(3), kStart + 2 * kMs).ok());
  const std::vector<BucketSnapshot> snapshot = queue.Snapshot();
  ASSERT_EQ(snapshot.size(), 2U);
  EXPECT_EQ(snapshot[0].images, 4U);
  EXPECT_EQ(snapshot[1].images, 2U);
  EXPECT_EQ(snapshot[1].first_turn, kStart + kMs);
  EXPECT_THAT(ImagesOf(queue.Pop(1, 8)), ElementsAre(2));
  EXPECT_THAT(ImagesOf(queue.Pop(0, 8)), ElementsAre(1, 3));
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
  ASSERT_TRUE(queue.Push(RequestOf(4), kStart).ok());  // 12 bytes
  const absl::Status status = queue.Push(RequestOf(4), kStart);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("12 bytes wait and 12 came, max_queue_bytes is 15"));
  queue.Pop(0, 4);
  EXPECT_TRUE(queue.Push(RequestOf(4), kStart).ok());
}

TEST(BatchQueueTest, RemovesTheCancelledAndTheLateAndKeepsTheRest) {
  BatchQueue queue({.max_requests = 10, .max_bytes = 1000});
  const auto cancelled = std::make_shared<std::atomic<bool>>(true);
  BatchRequest late = RequestOf(1);
  late.context.deadline = kStart + kSecond;
  BatchRequest left = RequestOf(2);
  left.context.cancelled = cancelled;
  BatchRequest wanted = RequestOf(3);
  wanted.context.deadline = kStart + 2 * kSecond;
  ASSERT_TRUE(queue.Push(std::move(late), kStart).ok());
  ASSERT_TRUE(queue.Push(std::move(left), kStart).ok());
  ASSERT_TRUE(queue.Push(std::move(wanted), kStart).ok());
  EXPECT_EQ(queue.NextTimeout(), kStart + kSecond);

  const std::vector<UnwantedRequest> unwanted = queue.RemoveUnwanted(kStart + kSecond, NoTime);
  ASSERT_EQ(unwanted.size(), 2U);
  EXPECT_EQ(unwanted[0].status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(unwanted[0].status), RejectReason::kDeadline);
  EXPECT_EQ(unwanted[1].status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(ReasonOf(unwanted[1].status), RejectReason::kCancelled);
  EXPECT_EQ(queue.NextTimeout(), kStart + 2 * kSecond);
  EXPECT_THAT(ImagesOf(queue.Pop(0, 8)), ElementsAre(3));
}

TEST(BatchQueueTest, RemovesWhatCannotBeDoneInTimeAndSaysWhoseTimeItIs) {
  BatchQueue queue({});
  BatchRequest goal = RequestOf(1);  // of the model
  goal.due = kStart + 10 * kMs;
  BatchRequest own = RequestOf(2);
  own.due = own.context.deadline = kStart + 10 * kMs;
  BatchRequest small = RequestOf(1);
  small.due = kStart + 11 * kMs;
  ASSERT_TRUE(queue.Push(std::move(goal), kStart).ok());
  ASSERT_TRUE(queue.Push(std::move(own), kStart).ok());
  ASSERT_TRUE(queue.Push(std::move(small), kStart).ok());
  const auto time = [](size_t images) { return 4 * kMs + static_cast<double>(images) * kMs; };
  EXPECT_TRUE(queue.RemoveUnwanted(kStart + 4 * kMs, time).empty());
  const std::vector<UnwantedRequest> unwanted = queue.RemoveUnwanted(kStart + 6 * kMs, time);
  ASSERT_EQ(unwanted.size(), 2U);
  EXPECT_EQ(unwanted[0].status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(unwanted[0].status), RejectReason::kLatencyGoal);
  EXPECT_EQ(unwanted[1].status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(unwanted[1].status), RejectReason::kDeadline);
  EXPECT_EQ(queue.requests(), 1U);
}

TEST(BatchQueueTest, TellsWhatWouldBeAheadOfARequest) {
  BatchQueue queue({.priority_levels = 2, .priority_ageing = kSecond});
  BatchRequest second = WithPriority(2, RequestOf(2));
  second.due = kStart + kSecond;
  ASSERT_TRUE(queue.Push(WithPriority(1, RequestOf(1)), kStart).ok());
  ASSERT_TRUE(queue.Push(std::move(second), kStart).ok());
  ASSERT_TRUE(queue.Push(WithPriority(2, RequestOf(3, DType::kFloat32)), kStart).ok());
  const ImageKind pixels = RequestOf(1).kind();

  const BatchQueue::Ahead of_first =
      queue.AheadOf(pixels, {.priority = 1, .queue_timeout = {}}, kStart);
  ASSERT_EQ(of_first.buckets.size(), 1U);
  EXPECT_EQ(of_first.own, 0U);
  EXPECT_EQ(of_first.buckets[0].images, 1U);

  const BatchQueue::Ahead of_second =
      queue.AheadOf(pixels, {.priority = 2, .queue_timeout = {}}, kStart);
  ASSERT_EQ(of_second.buckets.size(), 2U);
  EXPECT_EQ(of_second.buckets[0].images, 3U);
  EXPECT_THAT(of_second.buckets[0].due,
              ElementsAre(absl::InfiniteFuture(), kStart + kSecond, kStart + kSecond));
  const BatchQueue::Ahead of_other = queue.AheadOf({DType::kUInt8, {2, 2, 3}}, {}, kStart);
  EXPECT_GE(of_other.own, of_other.buckets.size()) << "none of its kind is ahead";
}

// Three levels, a second apart.
BatchQueue QueueWithLevels() {
  return BatchQueue({.priority_levels = 3, .default_priority = 2, .priority_ageing = kSecond});
}

TEST(BatchQueueTest, HigherLevelsComeFirstAndWithinALevelTheFirst) {
  BatchQueue queue = QueueWithLevels();
  ASSERT_TRUE(queue.Push(WithPriority(3, RequestOf(1)), kStart).ok());
  ASSERT_TRUE(queue.Push(WithPriority(1, RequestOf(2)), kStart).ok());
  ASSERT_TRUE(queue.Push(RequestOf(3), kStart).ok());  // the default, 2
  ASSERT_TRUE(queue.Push(WithPriority(1, RequestOf(4)), kStart).ok());
  ASSERT_TRUE(queue.Push(WithPriority(2, RequestOf(5)), kStart).ok());
  EXPECT_THAT(ImagesOf(queue.Pop(0, 15)), ElementsAre(2, 4, 3, 5, 1));
}

TEST(BatchQueueTest, ARequestOfALowLevelIsNotPassedForEver) {
  BatchQueue queue = QueueWithLevels();
  ASSERT_TRUE(queue.Push(WithPriority(3, RequestOf(1)), kStart).ok());
  ASSERT_TRUE(queue.Push(WithPriority(1, RequestOf(2)), kStart + 2 * kSecond - kMs).ok());
  ASSERT_TRUE(queue.Push(WithPriority(1, RequestOf(3)), kStart + 2 * kSecond).ok());
  ASSERT_TRUE(queue.Push(WithPriority(2, RequestOf(4)), kStart + kSecond + kMs).ok());
  EXPECT_THAT(ImagesOf(queue.Pop(0, 15)), ElementsAre(2, 1, 3, 4));
}

TEST(BatchQueueTest, RejectsWhoHasWaitedForTheModelsTimeoutOrItsOwnIfThatIsShorter) {
  BatchQueue queue({.timeout = 10 * kMs});
  ASSERT_TRUE(queue.Push(RequestOf(1), kStart).ok());
  ASSERT_TRUE(queue.Push(WithTimeout(4 * kMs, RequestOf(2)), kStart).ok());
  ASSERT_TRUE(queue.Push(WithTimeout(40 * kMs, RequestOf(3)), kStart).ok());
  EXPECT_EQ(queue.NextTimeout(), kStart + 4 * kMs);
  EXPECT_TRUE(queue.RemoveUnwanted(kStart + 3 * kMs, NoTime).empty());

  std::vector<UnwantedRequest> unwanted = queue.RemoveUnwanted(kStart + 4 * kMs, NoTime);
  ASSERT_EQ(unwanted.size(), 1U);
  EXPECT_EQ(unwanted[0].status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(unwanted[0].status.message(), "waited for the request's queue timeout, 4ms");

  unwanted = queue.RemoveUnwanted(kStart + 10 * kMs, NoTime);
  ASSERT_EQ(unwanted.size(), 2U);
  EXPECT_EQ(unwanted[1].status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(unwanted[1].status.message(), "waited for the model's queue timeout, 10ms");
  EXPECT_EQ(ReasonOf(unwanted[1].status), RejectReason::kQueueTimeout);
  EXPECT_TRUE(queue.empty());
}

TEST(BatchQueueTest, DelaysWhoHasWaitedForItsTimeoutButNotForEver) {
  BatchQueue queue({.priority_ageing = kSecond,
                    .timeout = 10 * kMs,
                    .timeout_action = QueueOptions::TimeoutAction::kDelay});
  ASSERT_TRUE(queue.Push(RequestOf(1), kStart).ok());
  ASSERT_TRUE(queue.Push(RequestOf(2), kStart + 5 * kMs).ok());
  EXPECT_TRUE(queue.RemoveUnwanted(kStart + 10 * kMs, NoTime).empty());
  EXPECT_EQ(queue.NextTimeout(), kStart + 15 * kMs);
  ASSERT_TRUE(queue.Push(RequestOf(3), kStart + 2 * kSecond).ok());
  EXPECT_THAT(ImagesOf(queue.Pop(0, 15)), ElementsAre(2, 1, 3));
}

TEST(CheckSchedulingTest, NamesWhatTheQueueDoesNotAllow) {
  const QueueOptions strict = {.priority_levels = 3, .allow_timeout_override = false};
  EXPECT_TRUE(CheckScheduling({.priority = 3, .queue_timeout = {}}, strict).ok());
  EXPECT_EQ(CheckScheduling({.priority = 4, .queue_timeout = {}}, strict).message(),
            "priority: found 4, wanted 1 to 3, or 0 for the model's default");
  EXPECT_EQ(CheckScheduling({.priority = -1, .queue_timeout = {}}, strict).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckScheduling({.priority = 0, .queue_timeout = kMs}, strict).message(),
            "queue_timeout: found one, wanted none: the model does not allow it");
  EXPECT_EQ(CheckScheduling({.priority = 0, .queue_timeout = 0 * kMs}, {}).message(),
            "queue_timeout: found 0, wanted more than 0s");
}

}  // namespace
}  // namespace localmamba::server
