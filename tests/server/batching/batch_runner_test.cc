#include "server/batching/batch_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "server/batching/classic_policy.h"
#include "server/runtime/notification.h"
#include "server/runtime/rejection.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_engine.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CountingObserver final : public BatchObserver {
 public:
  void OnBatch(size_t images) override { images_ += images; }
  void OnBatchDone(size_t images, absl::Duration /*compute*/) override { done_ += images; }
  void OnQueueLength(size_t requests) override { longest_ = std::max(longest_.load(), requests); }
  void OnEngineError(const absl::Status& /*status*/) override { ++errors_; }
  std::atomic<size_t> images_ = 0;
  std::atomic<size_t> done_ = 0;
  std::atomic<size_t> longest_ = 0;
  std::atomic<int> errors_ = 0;
};

// The outcome of one request, for a test to wait for.
struct Outcome {
  Notification arrived;
  absl::StatusOr<InferenceResult> result = absl::UnknownError("not yet");

  const absl::StatusOr<InferenceResult>& Await() {
    arrived.WaitForNotification();
    return result;
  }
};

constexpr size_t kImageBytes = 2 * 2 * 3 * sizeof(float);

class BatchRunnerTest : public testing::Test {
 protected:
  void StartRunner(const ClassicPolicy::Options& options, const QueueOptions& limits = {},
                   int instances = 1) {
    for (int i = 0; i < instances; ++i) {
      engines_.push_back(std::make_unique<FakeEngine>(10, control_));
    }
    absl::StatusOr<std::unique_ptr<BatchRunner>> runner =
        BatchRunner::Start(engines_, kImageBytes, std::make_unique<ClassicPolicy>(options), limits,
                           *allocator_, clock_, observer_);
    ASSERT_TRUE(runner.ok()) << runner.status();
    runner_ = *std::move(runner);
  }

  // Images of 2 x 2 pixels that the fake engine sees as the classes `red`, ...
  static BatchRequest RequestOf(std::vector<uint8_t> reds, Outcome& outcome,
                                const CallContext& context = {}) {
    auto pixels = std::make_shared<std::vector<uint8_t>>();
    for (const uint8_t red : reds) pixels->insert(pixels->end(), 12, red);
    return {.input = ConstTensorView(pixels->data(), DType::kUInt8,
                                     {static_cast<int64_t>(reds.size()), 2, 2, 3}),
            .scheduling = {},
            .context = context,
            .done = [&outcome, pixels](absl::StatusOr<InferenceResult> result) {
              outcome.result = std::move(result);
              outcome.arrived.Notify();
            }};
  }
  static BatchRequest RequestOf(uint8_t red, Outcome& outcome, const CallContext& context = {}) {
    return RequestOf(std::vector<uint8_t>{red}, outcome, context);
  }

  // The same as one image of values that are normalised already.
  static BatchRequest TensorRequestOf(float red, Outcome& outcome) {
    auto values = std::make_shared<std::vector<float>>(12, red);
    return {.input = ConstTensorView(values->data(), DType::kFloat32, {1, 3, 2, 2}),
            .scheduling = {},
            .context = {},
            .done = [&outcome, values](absl::StatusOr<InferenceResult> result) {
              outcome.result = std::move(result);
              outcome.arrived.Notify();
            }};
  }

  const std::unique_ptr<Allocator> allocator_ = *CreateDeviceAllocator(Device::Cpu());
  const std::shared_ptr<FakeEngineControl> control_ = std::make_shared<FakeEngineControl>();
  std::vector<std::unique_ptr<Engine>> engines_;
  FakeClock clock_;
  CountingObserver observer_;
  std::unique_ptr<BatchRunner> runner_;
};

TEST_F(BatchRunnerTest, GivesEachRequestItsOwnRowOfTheBatch) {
  StartRunner({.max_batch_size = 2, .max_queue_delay = absl::Hours(1)});
  Outcome three;
  Outcome seven;
  ASSERT_TRUE(runner_->Enqueue(RequestOf(3, three)).ok());
  ASSERT_TRUE(runner_->Enqueue(RequestOf(7, seven)).ok());

  ASSERT_TRUE(three.Await().ok()) << three.result.status();
  ASSERT_TRUE(seven.Await().ok()) << seven.result.status();
  EXPECT_EQ(three.result->logits.shape(), Shape({1, 10}));
  EXPECT_EQ(three.result->logits.data<float>()[3], 1.0F);
  EXPECT_EQ(seven.result->logits.data<float>()[7], 1.0F);
  EXPECT_EQ(seven.result->pooled.data<float>()[0], 7.0F);
  EXPECT_EQ(seven.result->batch_size, 2U);
  EXPECT_THAT(control_->runs(), ElementsAre(2));
  EXPECT_EQ(observer_.images_, 2U);
}

TEST_F(BatchRunnerTest, GivesARequestOfSeveralImagesAllOfItsRows) {
  StartRunner({.max_batch_size = 4, .max_queue_delay = absl::Hours(1)});
  Outcome one;
  Outcome three;
  ASSERT_TRUE(runner_->Enqueue(RequestOf(9, one)).ok());
  ASSERT_TRUE(runner_->Enqueue(RequestOf({2, 4, 6}, three)).ok());
  ASSERT_TRUE(three.Await().ok()) << three.result.status();
  EXPECT_EQ(three.result->logits.shape(), Shape({3, 10}));
  EXPECT_EQ(three.result->pooled.Select(0, 2).data<float>()[0], 6.0F);
  EXPECT_EQ(three.result->batch_size, 4U);
  ASSERT_TRUE(one.Await().ok());
  EXPECT_EQ(one.result->pooled.data<float>()[0], 9.0F);
  EXPECT_THAT(control_->runs(), ElementsAre(4));
}

TEST_F(BatchRunnerTest, PixelsAndTensorsNeverShareABatch) {
  StartRunner({.max_batch_size = 2, .max_queue_delay = absl::Seconds(1)});
  Outcome pixels;
  Outcome tensor;
  ASSERT_TRUE(runner_->Enqueue(RequestOf(3, pixels)).ok());
  ASSERT_TRUE(runner_->Enqueue(TensorRequestOf(5, tensor)).ok());
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(pixels.Await().ok()) << pixels.result.status();
  ASSERT_TRUE(tensor.Await().ok()) << tensor.result.status();
  EXPECT_EQ(pixels.result->pooled.data<float>()[0], 3.0F);
  EXPECT_EQ(tensor.result->pooled.data<float>()[0], 5.0F);
  EXPECT_THAT(control_->runs(), ElementsAre(1, 1));
}

TEST_F(BatchRunnerTest, LaunchesAnUnderfullBatchWhenTheOldestReachesItsDelay) {
  StartRunner({.max_batch_size = 8, .max_queue_delay = absl::Milliseconds(10)});
  Outcome outcome;
  ASSERT_TRUE(runner_->Enqueue(RequestOf(1, outcome)).ok());
  clock_.Advance(absl::Milliseconds(9));
  clock_.Advance(absl::Milliseconds(1));
  ASSERT_TRUE(outcome.Await().ok()) << outcome.result.status();
  EXPECT_EQ(outcome.result->batch_size, 1U);
  EXPECT_EQ(outcome.result->queue, absl::Milliseconds(10));
}

TEST_F(BatchRunnerTest, RequestsThatComeWhileTheEngineWorksFormTheNextBatch) {
  StartRunner({.max_batch_size = 8});
  control_->Hold();
  std::vector<Outcome> outcomes(4);
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, outcomes[0])).ok());
  control_->AwaitRuns(1);
  for (uint8_t i = 1; i < 4; ++i) ASSERT_TRUE(runner_->Enqueue(RequestOf(i, outcomes[i])).ok());
  control_->Release();
  for (Outcome& outcome : outcomes) EXPECT_TRUE(outcome.Await().ok());
  EXPECT_THAT(control_->runs(), ElementsAre(1, 3));
}

TEST_F(BatchRunnerTest, NeverRunsARequestWhoseDeadlineHasPassed) {
  StartRunner({.max_batch_size = 8});
  control_->Hold();
  Outcome first;
  Outcome late;
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, first)).ok());
  control_->AwaitRuns(1);
  const CallContext context = {.deadline = clock_.Now() + absl::Seconds(1), .cancelled = nullptr};
  ASSERT_TRUE(runner_->Enqueue(RequestOf(1, late, context)).ok());
  clock_.Advance(absl::Seconds(1));
  control_->Release();
  EXPECT_EQ(late.Await().status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(first.Await().ok());
  EXPECT_THAT(control_->runs(), ElementsAre(1));
}

TEST_F(BatchRunnerTest, DropsARequestWhoseCallerHasLeft) {
  StartRunner({.max_batch_size = 8});
  control_->Hold();
  Outcome first;
  Outcome left;
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, first)).ok());
  control_->AwaitRuns(1);
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  ASSERT_TRUE(runner_
                  ->Enqueue(RequestOf(1, left,
                                      {.deadline = absl::InfiniteFuture(), .cancelled = cancelled}))
                  .ok());
  *cancelled = true;
  control_->Release();
  EXPECT_EQ(left.Await().status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(first.Await().ok());
  EXPECT_THAT(control_->runs(), ElementsAre(1));
}

TEST_F(BatchRunnerTest, RefusesWhenFullButNotForTheSakeOfCallersThatLeft) {
  StartRunner({.max_batch_size = 8}, {.max_requests = 1, .max_bytes = 1000});
  control_->Hold();
  std::vector<Outcome> outcomes(4);
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, outcomes[0])).ok());
  control_->AwaitRuns(1);
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  const CallContext context = {.deadline = absl::InfiniteFuture(), .cancelled = cancelled};
  ASSERT_TRUE(runner_->Enqueue(RequestOf(1, outcomes[1], context)).ok());
  const absl::Status full = runner_->Enqueue(RequestOf(2, outcomes[2]));
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(outcomes[2].arrived.HasBeenNotified());

  *cancelled = true;
  EXPECT_TRUE(runner_->Enqueue(RequestOf(3, outcomes[3])).ok());
  EXPECT_EQ(outcomes[1].Await().status().code(), absl::StatusCode::kCancelled);
  control_->Release();
  EXPECT_TRUE(outcomes[3].Await().ok());
  EXPECT_EQ(observer_.longest_, 1U);
}

TEST_F(BatchRunnerTest, TellsAWholeBatchThatTheEngineFailedAndGoesOn) {
  StartRunner({.max_batch_size = 2, .max_queue_delay = absl::Hours(1)});
  control_->FailWith(absl::InternalError("device lost"));
  std::vector<Outcome> outcomes(4);
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, outcomes[0])).ok());
  ASSERT_TRUE(runner_->Enqueue(RequestOf(1, outcomes[1])).ok());
  for (size_t i : {0U, 1U}) {
    EXPECT_EQ(outcomes[i].Await().status().code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(outcomes[i].result.status().message()), HasSubstr("device lost"));
  }
  EXPECT_EQ(observer_.errors_, 1);
  control_->FailWith(absl::OkStatus());
  ASSERT_TRUE(runner_->Enqueue(RequestOf(2, outcomes[2])).ok());
  ASSERT_TRUE(runner_->Enqueue(RequestOf(3, outcomes[3])).ok());
  EXPECT_TRUE(outcomes[2].Await().ok());
  EXPECT_TRUE(outcomes[3].Await().ok());
}

TEST_F(BatchRunnerTest, AsManyBatchesAreInFlightAsThereAreEngines) {
  StartRunner({.max_batch_size = 2}, {}, 2);
  control_->Hold();
  std::vector<Outcome> outcomes(5);
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, outcomes[0])).ok());
  control_->AwaitRuns(1);
  ASSERT_TRUE(runner_->Enqueue(RequestOf(1, outcomes[1])).ok());
  control_->AwaitRuns(2);
  for (uint8_t i = 2; i < 5; ++i) ASSERT_TRUE(runner_->Enqueue(RequestOf(i, outcomes[i])).ok());
  EXPECT_THAT(control_->runs(), ElementsAre(1, 1)) << "the third waits for an engine";
  control_->Release();
  for (uint8_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(outcomes[i].Await().ok());
    EXPECT_EQ(outcomes[i].result->logits.data<float>()[i], 1.0F);
  }
}

// Both threads wait for the delay of the same request; the one that is left must look again.
TEST_F(BatchRunnerTest, WhatALaunchLeavesBehindIsNotForgotten) {
  StartRunner({.max_batch_size = 2, .max_queue_delay = absl::Seconds(1)}, {}, 2);
  control_->Hold();
  std::vector<Outcome> outcomes(3);
  for (uint8_t i = 0; i < 3; ++i) ASSERT_TRUE(runner_->Enqueue(RequestOf(i, outcomes[i])).ok());
  control_->AwaitRuns(1);
  clock_.Advance(absl::Seconds(1));
  control_->AwaitRuns(2);
  EXPECT_THAT(control_->runs(), ElementsAre(2, 1));
  control_->Release();
  for (Outcome& outcome : outcomes) EXPECT_TRUE(outcome.Await().ok());
}

TEST_F(BatchRunnerTest, RunsWhatWaitsBeforeItStops) {
  StartRunner({.max_batch_size = 2, .max_queue_delay = absl::Hours(1)});
  Outcome outcome;
  ASSERT_TRUE(runner_->Enqueue(RequestOf(5, outcome)).ok());
  runner_.reset();
  ASSERT_TRUE(outcome.arrived.HasBeenNotified());
  EXPECT_TRUE(outcome.result.ok()) << outcome.result.status();
}

}  // namespace
}  // namespace localmamba::server
