#include "kernels/base/mutex.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/time/clock.h"

namespace localmamba {
namespace {

TEST(MutexTest, AChangeWakesWhoeverWaitsForIt) {
  Mutex mu;
  int turn = 0;
  std::thread other([&] {
    MutexLock lock(mu);
    mu.Await([&] { return turn == 1; });
    turn = 2;
  });
  {
    MutexLock lock(mu);
    turn = 1;
    // The change above is told by the wait itself: the lock is not given up in between.
    mu.Await([&] { return turn == 2; });
  }
  other.join();
}

TEST(MutexTest, AWaitEndsAtItsDeadline) {
  Mutex mu;
  MutexLock lock(mu);
  EXPECT_FALSE(mu.AwaitUntil([] { return false; }, absl::Now() + absl::Milliseconds(5)));
  EXPECT_TRUE(mu.AwaitUntil([] { return true; }, absl::InfinitePast()));
}

}  // namespace
}  // namespace localmamba
