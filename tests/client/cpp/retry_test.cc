#include "client/cpp/retry.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/strings/cord.h"
#include "client/cpp/error_details.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace localmamba::client {
namespace {

absl::Status WithRetryInfo(absl::Status status, int delay_milliseconds) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_nanos(delay_milliseconds * 1'000'000);
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  status.SetPayload(kErrorDetails, absl::Cord(details.SerializeAsString()));
  return status;
}

constexpr RetryOptions kFourAttempts = {.max_attempts = 4,
                                        .initial_backoff = absl::Milliseconds(100),
                                        .max_backoff = absl::Milliseconds(150)};

struct Case {
  const char* name;
  absl::Status status;
  int attempt;
  double jitter;
  std::optional<absl::Duration> delay;
};

class RetryDelayTest : public testing::TestWithParam<Case> {};

TEST_P(RetryDelayTest, IsAsTheTableSays) {
  const Case& c = GetParam();
  EXPECT_EQ(RetryDelay(c.status, c.attempt, kFourAttempts, c.jitter), c.delay);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RetryDelayTest,
    testing::Values(
        Case{"ABusyServerNamesTheDelay", WithRetryInfo(absl::ResourceExhaustedError("full"), 200),
             2, 0, absl::Milliseconds(200)},
        Case{"JitterAddsUpToHalf", WithRetryInfo(absl::ResourceExhaustedError("full"), 200), 2, 1,
             absl::Milliseconds(300)},
        Case{"AServerThatStopsMayNameTheDelayToo",
             WithRetryInfo(absl::UnavailableError("stopping"), 200), 2, 0, absl::Milliseconds(200)},
        Case{"UnavailableBacksOff", absl::UnavailableError("gone"), 2, 0, absl::Milliseconds(50)},
        Case{"UpToTheWholeBackoff", absl::UnavailableError("gone"), 2, 1, absl::Milliseconds(100)},
        Case{"TheBackoffGrowsToItsLimit", absl::UnavailableError("gone"), 4, 1,
             absl::Milliseconds(150)},
        Case{"NoMoreThanMaxAttempts", absl::UnavailableError("gone"), 5, 0, std::nullopt},
        Case{"AMessageThatIsTooLargeStaysSo", absl::ResourceExhaustedError("too large"), 2, 0,
             std::nullopt},
        Case{"ABadRequestStaysBad", WithRetryInfo(absl::InvalidArgumentError("bad"), 200), 2, 0,
             std::nullopt},
        Case{"TheDeadlineHasPassed", absl::DeadlineExceededError("late"), 2, 0, std::nullopt}),
    [](const testing::TestParamInfo<Case>& info) { return std::string(info.param.name); });

TEST(RetryDelayTest, NothingIsRepeatedByDefault) {
  EXPECT_EQ(RetryDelay(absl::UnavailableError("gone"), 2, RetryOptions(), 0), std::nullopt);
}

TEST(RetryBudgetTest, IsSpentByRepetitionsAndEarnedBySuccess) {
  RetryBudget budget({.budget = 2, .budget_ratio = 0.5});
  EXPECT_TRUE(budget.TrySpend());
  EXPECT_TRUE(budget.TrySpend());
  EXPECT_FALSE(budget.TrySpend());
  budget.Earn();
  EXPECT_FALSE(budget.TrySpend());
  budget.Earn();
  EXPECT_TRUE(budget.TrySpend());
  EXPECT_FALSE(budget.TrySpend());
}

TEST(RetryBudgetTest, DoesNotGrowBeyondItsStart) {
  RetryBudget budget({.budget = 1, .budget_ratio = 1});
  budget.Earn();
  budget.Earn();
  EXPECT_TRUE(budget.TrySpend());
  EXPECT_FALSE(budget.TrySpend());
}

}  // namespace
}  // namespace localmamba::client
