#include "kernels/base/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

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

TEST(MutexTest, EveryoneWhoseConditionHoldsGoesOnAndNobodyElse) {
  Mutex mu;
  bool open = false;
  bool never = false;
  std::vector<std::thread> others;
  int passed = 0;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([&] {
      MutexLock lock(mu);
      mu.Await([&] { return open; });
      ++passed;
    });
  }
  std::thread last([&] {
    MutexLock lock(mu);
    mu.Await([&] { return never; });
    EXPECT_EQ(passed, 4);
  });
  {
    MutexLock lock(mu);
    open = true;
  }
  for (std::thread& other : others) other.join();
  {
    MutexLock lock(mu);
    never = true;
  }
  last.join();
}

TEST(MutexTest, AWaitEndsAtItsDeadline) {
  Mutex mu;
  MutexLock lock(mu);
  EXPECT_FALSE(mu.AwaitFor([] { return false; }, absl::Milliseconds(5)));
  EXPECT_TRUE(mu.AwaitFor([] { return true; }, -absl::InfiniteDuration()));
}

}  // namespace
}  // namespace localmamba
