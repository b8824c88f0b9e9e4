#include "client/load/arrivals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace localmamba::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<absl::Duration> All(Arrivals& arrivals) {
  std::vector<absl::Duration> times;
  while (const std::optional<absl::Duration> time = arrivals.Next()) times.push_back(*time);
  return times;
}

std::vector<absl::Duration> Generate(const ArrivalPattern& pattern, const RateProfile& profile) {
  return All(*GenerateArrivals(pattern, profile));
}

int64_t CountBetween(const std::vector<absl::Duration>& times, absl::Duration from,
                     absl::Duration to) {
  return std::count_if(times.begin(), times.end(),
                       [&](absl::Duration time) { return from <= time && time < to; });
}

constexpr RateProfile kThousandPerSecond = {
    .from = 1000, .to = 1000, .steady = absl::Seconds(50), .ramp = absl::Seconds(50)};

TEST(ArrivalsTest, ConstantOnesAreEvenlySpacedUntilTheEnd) {
  const auto times =
      Generate({.kind = ArrivalKind::kConstant},
               {.from = 10, .to = 10, .steady = absl::Seconds(0.25), .ramp = absl::Seconds(0.25)});
  ASSERT_EQ(times.size(), 4);
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(absl::ToDoubleSeconds(times[static_cast<size_t>(i)]), 0.1 * (i + 1), 1e-6);
  }
}

TEST(ArrivalsTest, PoissonOnesComeAtTheRateWithGapsThatDeviateByTheirMean) {
  const auto times = Generate({.kind = ArrivalKind::kPoisson}, kThousandPerSecond);
  // 100 000 are expected, with a standard deviation of 316.
  EXPECT_NEAR(static_cast<double>(times.size()), 100'000, 5 * 316);
  double squares = 0;
  for (size_t i = 1; i < times.size(); ++i) {
    const double gap = absl::ToDoubleMilliseconds(times[i] - times[i - 1]);
    ASSERT_GE(gap, 0);
    squares += (gap - 1) * (gap - 1);
  }
  // The variance of (gap - 1)^2 is 8.
  EXPECT_NEAR(squares / static_cast<double>(times.size()), 1, 5 * std::sqrt(8 / 1e5));
}

TEST(ArrivalsTest, BurstsComeTogetherAndKeepTheRate) {
  const auto times = Generate({.kind = ArrivalKind::kBursty, .burst = 10}, kThousandPerSecond);
  EXPECT_NEAR(static_cast<double>(times.size()), 100'000, 5 * 316 * std::sqrt(10));
  for (size_t i = 0; i + 10 <= times.size(); i += 10) ASSERT_EQ(times[i], times[i + 9]);
}

TEST(ArrivalsTest, ARampChangesTheRateEvenly) {
  const auto times =
      Generate({.kind = ArrivalKind::kConstant},
               {.from = 100, .to = 300, .steady = absl::Seconds(10), .ramp = absl::Seconds(20)});
  EXPECT_NEAR(CountBetween(times, absl::Seconds(0), absl::Seconds(10)), 1000, 1);
  EXPECT_NEAR(CountBetween(times, absl::Seconds(10), absl::Seconds(20)), 1500, 1);
  EXPECT_NEAR(CountBetween(times, absl::Seconds(20), absl::Seconds(30)), 2500, 1);
  EXPECT_LT(times.back(), absl::Seconds(30));
}

TEST(ArrivalsTest, ARampMayGoDown) {
  const auto times =
      Generate({.kind = ArrivalKind::kConstant},
               {.from = 300, .to = 100, .steady = absl::ZeroDuration(), .ramp = absl::Seconds(20)});
  EXPECT_NEAR(CountBetween(times, absl::Seconds(0), absl::Seconds(10)), 2500, 1);
  EXPECT_NEAR(CountBetween(times, absl::Seconds(10), absl::Seconds(20)), 1500, 1);
}

TEST(ArrivalsTest, TheSeedDecides) {
  const RateProfile profile = {.from = 100, .to = 100, .steady = absl::Seconds(1)};
  EXPECT_EQ(Generate({.seed = 1}, profile), Generate({.seed = 1}, profile));
  EXPECT_NE(Generate({.seed = 1}, profile), Generate({.seed = 2}, profile));
}

absl::StatusOr<std::vector<absl::Duration>> Read(const std::string& trace) {
  const TemporaryFolder folder;
  folder.Write({{"trace.txt", trace}});
  return ReadArrivalTrace(folder / "trace.txt");
}

TEST(ArrivalTraceTest, IsReadAndReplayed) {
  const auto times = Read("# of a quiet day\n0.5\n0.5\n\n1e1\n");
  ASSERT_TRUE(times.ok()) << times.status();
  EXPECT_THAT(All(*ReplayArrivals(*times)),
              ElementsAre(absl::Seconds(0.5), absl::Seconds(0.5), absl::Seconds(10)));
}

TEST(ArrivalTraceTest, ABadLineIsNamed) {
  for (const char* line : {"soon", "0.4", "-1", "nan"}) {
    const auto times = Read(std::string("0.5\n") + line + "\n");
    EXPECT_EQ(times.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(times.status().message()),
                HasSubstr(std::string("line 2: found \"") + line + "\""));
  }
}

TEST(ArrivalTraceTest, AFileThatIsNotThereIsNotFound) {
  EXPECT_EQ(ReadArrivalTrace("/no/such/file").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace localmamba::client
