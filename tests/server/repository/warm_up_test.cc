#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/fake_models.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;

std::vector<int64_t> WarmBatchesOf(const ModelVersion& version) {
  std::vector<int64_t> images;
  for (const WarmBatch& batch : version.warm_batches) images.push_back(batch.images);
  return images;
}

TEST(WarmUpTest, RunsEveryEngineOnEverySizeOfBatchAndMeasuresOne) {
  const auto control = std::make_shared<FakeEngineControl>();
  const auto version = FakeVersion("fake", 1, control, /*instances=*/2);
  ASSERT_TRUE(WarmUp(*version, 5).ok());
  // Batches of 5 run as 6 but are no larger than 5.
  EXPECT_THAT(control->runs(), ElementsAre(5, 5, 5, 4, 4, 4, 3, 3, 3, 2, 2, 2, 1, 1, 1));
  EXPECT_THAT(WarmBatchesOf(*version), ElementsAre(5, 4, 3, 2, 1));
  EXPECT_EQ(version->max_batch_size, std::numeric_limits<int64_t>::max());
}

TEST(WarmUpTest, BatchesThatDoNotFitIntoMemoryAreGivenUp) {
  const auto control = std::make_shared<FakeEngineControl>();
  const auto version = FakeVersion("fake", 1, control, /*instances=*/2);
  control->LimitBatch(7);
  ASSERT_TRUE(WarmUp(*version, 12).ok());
  EXPECT_EQ(version->max_batch_size, 6);
  EXPECT_THAT(WarmBatchesOf(*version), ElementsAre(6, 4, 3, 2, 1));
  EXPECT_EQ(control->releases(), 2 * 2) << "each engine, for 12 and for 8";
}

TEST(WarmUpTest, AnErrorThatIsNotOfMemoryEndsIt) {
  const auto control = std::make_shared<FakeEngineControl>();
  const auto version = FakeVersion("fake", 1, control);
  control->FailWith(absl::InternalError("device lost"));
  EXPECT_EQ(WarmUp(*version, 4).code(), absl::StatusCode::kInternal);
  control->FailWith(absl::OkStatus());
  control->LimitBatch(0);
  EXPECT_EQ(WarmUp(*version, 4).code(), absl::StatusCode::kResourceExhausted);
}

TEST(WarmUpTest, IsGivenUpBetweenTwoSizes) {
  const auto control = std::make_shared<FakeEngineControl>();
  const auto version = FakeVersion("fake", 1, control);
  std::atomic<bool> given_up = false;
  control->Hold();
  absl::Status status;
  std::thread warm_up([&] { status = WarmUp(*version, 4, &given_up); });
  control->AwaitRuns(1);
  given_up = true;
  control->Release();
  warm_up.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(control->runs(), ElementsAre(4, 4));
}

}  // namespace
}  // namespace localmamba::server
