#include "server/runtime/rate_limiter.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace localmamba::server {
namespace {

class RateLimiterTest : public testing::Test {
 protected:
  FakeClock clock_;
};

TEST_F(RateLimiterTest, AllowsABurstThenTheRate) {
  RateLimiter limiter({.rate = 10, .burst = 3}, clock_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Take("a"), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take("a"), absl::Milliseconds(100));
  clock_.Advance(absl::Milliseconds(60));
  EXPECT_EQ(limiter.Take("a"), absl::Milliseconds(40));
  clock_.Advance(absl::Milliseconds(40));
  EXPECT_EQ(limiter.Take("a"), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take("a"), absl::Milliseconds(100));
}

TEST_F(RateLimiterTest, AFullBucketDoesNotOverflow) {
  RateLimiter limiter({.rate = 10, .burst = 2}, clock_);
  EXPECT_EQ(limiter.Take("a"), absl::ZeroDuration());
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(limiter.Take("a"), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take("a"), absl::ZeroDuration());
  EXPECT_GT(limiter.Take("a"), absl::ZeroDuration());
}

TEST_F(RateLimiterTest, ClientsDoNotShare) {
  RateLimiter limiter({.rate = 1, .burst = 1}, clock_);
  EXPECT_EQ(limiter.Take("a"), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take("b"), absl::ZeroDuration());
  EXPECT_GT(limiter.Take("a"), absl::ZeroDuration());
}

TEST_F(RateLimiterTest, ForgetsWhoHasNotAskedForLongest) {
  RateLimiter limiter({.rate = 1, .burst = 1, .max_clients = 2}, clock_);
  limiter.Take("a");
  limiter.Take("b");
  EXPECT_GT(limiter.Take("a"), absl::ZeroDuration());
  limiter.Take("c");  // in the place of b
  EXPECT_GT(limiter.Take("a"), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take("b"), absl::ZeroDuration());
}

TEST_F(RateLimiterTest, AClockThatGoesBackRefusesNobodyForLongerThanABurstTakes) {
  RateLimiter limiter({.rate = 1, .burst = 5}, clock_);
  limiter.Take("a");
  clock_.Advance(-absl::Hours(1));
  EXPECT_LE(limiter.Take("a"), absl::Seconds(5));
}

}  // namespace
}  // namespace localmamba::server
