#include "server/runtime/signal_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "kernels/base/mutex.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(SignalListenerTest, ReportsEachSignalWithItsCount) {
  Mutex mu;
  std::vector<std::pair<int, int>> heard;
  auto listener = SignalListener::Start([&](int signal, int count) {
    MutexLock lock(mu);
    heard.emplace_back(signal, count);
  });
  ASSERT_TRUE(listener.ok()) << listener.status();
  const auto await = [&](size_t count) {
    MutexLock lock(mu);
    mu.Await([&] { return heard.size() >= count; });
  };
  kill(getpid(), SIGTERM);
  await(1);
  kill(getpid(), SIGINT);
  await(2);
  listener->reset();
  EXPECT_THAT(heard, ElementsAre(Pair(SIGTERM, 1), Pair(SIGINT, 2)));
}

TEST(SignalListenerTest, ThreadsThatStartAfterBlockingLeaveSignalsToIt) {
  SignalListener::BlockSignals();
  absl::Notification end;
  std::thread other([&] { end.WaitForNotification(); });
  pthread_kill(other.native_handle(), SIGTERM);  // stays pending there, and ends nothing
  absl::Notification heard;
  auto listener = SignalListener::Start([&](int, int) { heard.Notify(); });
  ASSERT_TRUE(listener.ok()) << listener.status();
  kill(getpid(), SIGTERM);
  heard.WaitForNotification();
  end.Notify();
  other.join();
}

TEST(SignalListenerTest, EndsWithoutASignal) {
  auto listener = SignalListener::Start([](int, int) {});
  ASSERT_TRUE(listener.ok()) << listener.status();
}

}  // namespace
}  // namespace localmamba::server
