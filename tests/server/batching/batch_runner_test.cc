#include "server/batching/batch_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/device/device_error.h"
#include "server/batching/classic_policy.h"
#include "server/batching/slo_policy.h"
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
  void OnQueue(size_t requests, size_t /*bytes*/) override {
    longest_ = std::max(longest_.load(), requests);
  }
  void OnShed(ShedStage stage, const absl::Status& /*why*/) override {
    ++sheds_[static_cast<size_t>(stage)];
  }
  void OnLaunch(const LaunchedBatch& batch) override {
    images_ += batch.images;
    abandoned_ += batch.abandoned;
    if (batch.again) ++reruns_;
  }
  void OnFinish(const absl::Status& status, const FinishedBatch& batch) override {
    if (status.ok()) {
      done_ += batch.images;
    } else {
      ++errors_;
    }
  }

  [[nodiscard]] int sheds(ShedStage stage) const { return sheds_[static_cast<size_t>(stage)]; }

  std::atomic<size_t> images_ = 0;
  std::atomic<size_t> done_ = 0;
  std::atomic<size_t> longest_ = 0;
  std::atomic<size_t> abandoned_ = 0;
  std::atomic<int> reruns_ = 0;
  std::atomic<int> errors_ = 0;

 private:
  std::array<std::atomic<int>, 3> sheds_{};
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

class BatchRunnerTest : public testing::Test {
 protected:
  void StartRunner(const ClassicPolicy::Options& options, const QueueOptions& queue = {},
                   int instances = 1) {
    Start(std::make_unique<ClassicPolicy>(options), {.queue = queue}, instances);
  }

  void Start(std::unique_ptr<const BatchPolicy> policy, BatchRunner::Options options,
             int instances = 1) {
    for (int i = 0; i < instances; ++i) {
      engines_.push_back(std::make_unique<FakeEngine>(10, control_));
    }
    options.max_image_bytes = 2 * 2 * 3 * sizeof(float);
    absl::StatusOr<std::unique_ptr<BatchRunner>> runner = BatchRunner::Start(
        engines_, std::move(policy), options, device_, *allocator_, clock_, observer_);
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
            .due = context.deadline,
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
            .due = absl::InfiniteFuture(),
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
  DeviceTurns device_{8};
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

TEST_F(BatchRunnerTest, TellsAllThatTheEngineFailedAndGoesOn) {
  StartRunner({.max_batch_size = 2, .max_queue_delay = absl::Hours(1)});
  control_->FailWith(absl::InternalError("device lost"));
  std::vector<Outcome> outcomes(4);
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, outcomes[0])).ok());
  ASSERT_TRUE(runner_->Enqueue(RequestOf(1, outcomes[1])).ok());
  for (size_t i : {0U, 1U}) {
    EXPECT_EQ(outcomes[i].Await().status().code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(outcomes[i].result.status().message()), HasSubstr("device lost"));
  }
  EXPECT_THAT(control_->runs(), ElementsAre(2, 1, 1)) << "the halves are tried";
  control_->FailWith(absl::OkStatus());
  ASSERT_TRUE(runner_->Enqueue(RequestOf(2, outcomes[2])).ok());
  ASSERT_TRUE(runner_->Enqueue(RequestOf(3, outcomes[3])).ok());
  EXPECT_TRUE(outcomes[2].Await().ok());
  EXPECT_TRUE(outcomes[3].Await().ok());
}

TEST_F(BatchRunnerTest, OnlyThePoisonedRequestOfABatchFails) {
  StartRunner({.max_batch_size = 8, .max_queue_delay = absl::Hours(1)});
  control_->PoisonRed(5);
  std::vector<Outcome> outcomes(8);
  for (uint8_t i = 0; i < 8; ++i) ASSERT_TRUE(runner_->Enqueue(RequestOf(i, outcomes[i])).ok());
  for (uint8_t i = 0; i < 8; ++i) {
    EXPECT_EQ(outcomes[i].Await().ok(), i != 5) << int{i};
    if (i != 5) {
      EXPECT_EQ(outcomes[i].result->logits.data<float>()[i], 1.0F);
    }
  }
  EXPECT_THAT(control_->runs(), ElementsAre(8, 4, 4, 2, 2, 1, 1));
  EXPECT_EQ(observer_.errors_, 4);
  EXPECT_EQ(observer_.reruns_, 6);
}

TEST_F(BatchRunnerTest, ABatchThatOneEngineFailsIsRunByTheOther) {
  const auto broken = std::make_shared<FakeEngineControl>();
  engines_.push_back(std::make_unique<FakeEngine>(10, broken));
  StartRunner({.max_batch_size = 1});
  broken->FailWith(absl::InternalError("out of order"));
  control_->Hold();  // until the broken one has had a request
  std::vector<Outcome> outcomes(2);
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, outcomes[0])).ok());
  ASSERT_TRUE(runner_->Enqueue(RequestOf(1, outcomes[1])).ok());
  broken->AwaitRuns(1);
  control_->Release();
  EXPECT_TRUE(outcomes[0].Await().ok()) << outcomes[0].result.status();
  EXPECT_TRUE(outcomes[1].Await().ok()) << outcomes[1].result.status();
}

TEST_F(BatchRunnerTest, AStickyErrorOfTheDeviceIsNotTriedAgain) {
  StartRunner({.max_batch_size = 2, .max_queue_delay = absl::Hours(1)});
  absl::Status fault = absl::InternalError("illegal address");
  MarkStickyDeviceError(fault);
  control_->FailWith(fault);
  std::vector<Outcome> outcomes(2);
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, outcomes[0])).ok());
  ASSERT_TRUE(runner_->Enqueue(RequestOf(1, outcomes[1])).ok());
  EXPECT_FALSE(outcomes[0].Await().ok());
  EXPECT_FALSE(outcomes[1].Await().ok());
  EXPECT_THAT(control_->runs(), ElementsAre(2));
}

TEST_F(BatchRunnerTest, SplitsABatchThatMemoryDoesNotSufficeFor) {
  StartRunner({.max_batch_size = 4, .max_queue_delay = absl::Hours(1)});
  control_->LimitBatch(2);
  std::vector<Outcome> outcomes(4);
  for (uint8_t i = 0; i < 4; ++i) ASSERT_TRUE(runner_->Enqueue(RequestOf(i, outcomes[i])).ok());
  for (Outcome& outcome : outcomes) EXPECT_TRUE(outcome.Await().ok());
  EXPECT_THAT(control_->runs(), ElementsAre(4, 2, 2));
}

TEST_F(BatchRunnerTest, NoWorkIsDoneForCallersThatLeftWhileAFailedBatchWaits) {
  StartRunner({.max_batch_size = 2, .max_queue_delay = absl::Hours(1)});
  control_->PoisonRed(0);
  control_->Hold();
  Outcome poisoned;
  Outcome left;
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, poisoned)).ok());
  ASSERT_TRUE(runner_
                  ->Enqueue(RequestOf(1, left,
                                      {.deadline = absl::InfiniteFuture(), .cancelled = cancelled}))
                  .ok());
  control_->AwaitRuns(1);
  *cancelled = true;
  control_->Release();
  EXPECT_EQ(left.Await().status().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(poisoned.Await().ok());
  EXPECT_THAT(control_->runs(), ElementsAre(2, 1));
  EXPECT_EQ(observer_.abandoned_, 0U);
}

// Costs 10 ms for one image and 5 more for each other.
CostTable TenAndFive() {
  return CostTable({{1, absl::Milliseconds(10)}, {9, absl::Milliseconds(50)}});
}

TEST_F(BatchRunnerTest, RefusesWhatCannotBeAnsweredInTimeBeforeAnyWork) {
  Start(std::make_unique<SloPolicy>(8), {.costs = TenAndFive()});
  control_->Hold();
  Outcome first;
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, first)).ok());
  control_->AwaitRuns(1);
  const Prospect soon = {.kind = RequestOf(1, first).kind(),
                         .due = clock_.Now() + absl::Milliseconds(15),
                         .deadline = absl::InfiniteFuture()};
  const absl::Status refused = runner_->Offer(soon);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), RejectReason::kLatencyGoal);
  EXPECT_EQ(RetryDelayOf(refused), absl::Milliseconds(10)) << "when the engine will be free";
  Prospect own = soon;
  own.deadline = own.due;
  EXPECT_EQ(runner_->Offer(own).code(), absl::StatusCode::kDeadlineExceeded);
  Prospect later = soon;
  later.due = clock_.Now() + absl::Milliseconds(30);
  EXPECT_TRUE(runner_->Offer(later).ok());
  EXPECT_EQ(observer_.sheds(ShedStage::kOffer), 2);
  control_->Release();
  EXPECT_TRUE(first.Await().ok());
}

TEST_F(BatchRunnerTest, ShedsBeforeLaunchWhatBecameTooLateInTheQueue) {
  Start(std::make_unique<SloPolicy>(8), {.costs = TenAndFive()});
  control_->Hold();
  Outcome first;
  Outcome second;
  ASSERT_TRUE(runner_->Enqueue(RequestOf(0, first)).ok());
  control_->AwaitRuns(1);
  BatchRequest request = RequestOf(1, second);
  request.due = clock_.Now() + absl::Milliseconds(30);
  ASSERT_TRUE(runner_->Enqueue(std::move(request)).ok());
  clock_.Advance(absl::Milliseconds(25));  // the first takes longer than expected
  control_->Release();
  EXPECT_TRUE(first.Await().ok());
  EXPECT_EQ(second.Await().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(observer_.sheds(ShedStage::kLaunch), 1);
  EXPECT_THAT(control_->runs(), ElementsAre(1));
}

TEST_F(BatchRunnerTest, ABusyDeviceIsWaitedForAndTheBatchGrowsMeanwhile) {
  DeviceTurns::Member other(device_, 1);
  std::vector<DeviceTurns::Turn> turns;
  for (int i = 0; i < 8; ++i) turns.push_back(*device_.TryTake(other, absl::Milliseconds(1)));
  StartRunner({.max_batch_size = 8});
  std::vector<Outcome> outcomes(3);
  for (uint8_t i = 0; i < 3; ++i) ASSERT_TRUE(runner_->Enqueue(RequestOf(i, outcomes[i])).ok());
  EXPECT_THAT(control_->runs(), ElementsAre());
  turns.pop_back();
  for (Outcome& outcome : outcomes) EXPECT_TRUE(outcome.Await().ok());
  EXPECT_THAT(control_->runs(), ElementsAre(3));
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
