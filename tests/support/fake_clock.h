// A clock that stands still until a test moves it.
#ifndef LOCALMAMBA_TESTS_SUPPORT_FAKE_CLOCK_H_
#define LOCALMAMBA_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <algorithm>
#include <atomic>
#include <list>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"
#include "server/runtime/clock.h"

namespace localmamba::server {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time start = absl::FromUnixSeconds(1'000'000))
      : now_ns_(absl::ToUnixNanos(start)) {}

  [[nodiscard]] absl::Time Now() const override { return absl::FromUnixNanos(now_ns_.load()); }

  // Wakes every wait whose deadline has come.
  void Advance(absl::Duration step) ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(mu_);
    now_ns_ += absl::ToInt64Nanoseconds(step);
    for (Waiter& waiter : waiters_) {
      MutexLock waiter_lock(*waiter.mu);
      waiter.expired = Now() >= waiter.deadline;
    }
  }

  // Waits until somebody waits with a deadline.
  void AwaitTimer() ABSL_LOCKS_EXCLUDED(mu_) {
    MutexLock lock(mu_);
    mu_.Await([this] {
      return std::any_of(waiters_.begin(), waiters_.end(), [](const Waiter& waiter) {
        return waiter.deadline != absl::InfiniteFuture();
      });
    });
  }

  bool AwaitUntil(Mutex& mu, absl::FunctionRef<bool()> condition, absl::Time deadline) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) ABSL_LOCKS_EXCLUDED(mu_) {
    // Lock order is mu_, then the caller's; so the caller's is released to take mu_.
    mu.Unlock();
    std::list<Waiter>::iterator waiter;
    {
      MutexLock lock(mu_);
      waiter = waiters_.insert(waiters_.end(), Waiter{&mu, deadline, Now() >= deadline});
    }
    mu.Lock();
    mu.Await([&] { return waiter->expired || condition(); });
    mu.Unlock();
    {
      MutexLock lock(mu_);
      waiters_.erase(waiter);
    }
    mu.Lock();
    return condition();
  }

 private:
  struct Waiter {
    Mutex* mu;
    absl::Time deadline;
    bool expired;  // guarded by *mu once others can see it
  };

  std::atomic<int64_t> now_ns_;
  Mutex mu_;
  std::list<Waiter> waiters_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_FAKE_CLOCK_H_
