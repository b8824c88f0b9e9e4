#include "server/runtime/signal_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <utility>
#include <vector>

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

TEST(SignalListenerTest, EndsWithoutASignal) {
  auto listener = SignalListener::Start([](int, int) {});
  ASSERT_TRUE(listener.ok()) << listener.status();
}

}  // namespace
}  // namespace localmamba::server
