#include "server/runtime/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "server/runtime/notification.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;

TEST(ThreadPoolTest, StartsTasksInTheOrderTheyCame) {
  std::vector<int> order;
  {
    ThreadPool pool(1, 8);
    for (int i = 0; i < 3; ++i) pool.Submit([&order, i] { order.push_back(i); });
  }
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(ThreadPoolTest, RefusesWhenItsQueueIsFullAndLeavesTheTaskAlone) {
  Notification started;
  Notification go;
  std::atomic<int> done = 0;
  {
    ThreadPool pool(1, 1);
    pool.Submit([&] {
      started.Notify();
      go.WaitForNotification();
    });
    started.WaitForNotification();
    EXPECT_TRUE(pool.TrySubmit([&done] { ++done; }));
    Task refused = [&done] { done += 100; };
    EXPECT_FALSE(pool.TrySubmit(std::move(refused)));
    EXPECT_TRUE(refused != nullptr);  // NOLINT(bugprone-use-after-move): taken only if true
    go.Notify();
  }
  EXPECT_EQ(done, 1);
}

TEST(ThreadPoolTest, SubmitWaitsForRoom) {
  Notification go;
  std::atomic<int> done = 0;
  {
    ThreadPool pool(1, 1);
    pool.Submit([&go] { go.WaitForNotification(); });
    std::thread submitter([&] {
      for (int i = 0; i < 5; ++i) pool.Submit([&done] { ++done; });
    });
    go.Notify();
    submitter.join();
  }
  EXPECT_EQ(done, 5);
}

TEST(ThreadPoolTest, FinishesEveryTaskBeforeItEnds) {
  std::atomic<int> done = 0;
  {
    ThreadPool pool(4, 1000);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(pool.TrySubmit([&done] { ++done; }));
  }
  EXPECT_EQ(done, 1000);
}

}  // namespace
}  // namespace localmamba::server
