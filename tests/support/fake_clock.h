// A clock that stands still until a test moves it.
#ifndef LOCALMAMBA_TESTS_SUPPORT_FAKE_CLOCK_H_
#define LOCALMAMBA_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <atomic>
#include <list>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/runtime/clock.h"

namespace localmamba::server {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time start = absl::FromUnixSeconds(1'000'000))
      : now_ns_(absl::ToUnixNanos(start)) {}

  [[nodiscard]] absl::Time Now() const override { return absl::FromUnixNanos(now_ns_.load()); }

  // Wakes every wait whose deadline has come.
  void Advance(absl::Duration step) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    now_ns_ += absl::ToInt64Nanoseconds(step);
    for (Waiter& waiter : waiters_) {
      absl::MutexLock waiter_lock(waiter.mu);
      waiter.expired = Now() >= waiter.deadline;
    }
  }

  bool AwaitUntil(absl::Mutex& mu, const absl::Condition& condition, absl::Time deadline) override
      ABSL_LOCKS_EXCLUDED(mu_) {
    // Lock order is mu_, then the caller's; so the caller's is released to take mu_.
    mu.Unlock();
    std::list<Waiter>::iterator waiter;
    {
      absl::MutexLock lock(&mu_);
      waiter = waiters_.insert(waiters_.end(), Waiter{&mu, deadline, Now() >= deadline});
    }
    mu.Lock();
    struct Wait {
      const absl::Condition& condition;
      const bool& expired;
      static bool Over(Wait* wait) { return wait->expired || wait->condition.Eval(); }
    } wait{condition, waiter->expired};
    mu.Await(absl::Condition(&Wait::Over, &wait));
    mu.Unlock();
    {
      absl::MutexLock lock(&mu_);
      waiters_.erase(waiter);
    }
    mu.Lock();
    return condition.Eval();
  }

 private:
  struct Waiter {
    absl::Mutex* mu;
    absl::Time deadline;
    bool expired;  // guarded by *mu once others can see it
  };

  std::atomic<int64_t> now_ns_;
  absl::Mutex mu_;
  std::list<Waiter> waiters_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_FAKE_CLOCK_H_
