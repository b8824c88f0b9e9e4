// A mutex whose holders can wait for a condition. As absl::Mutex in meaning, but made of
// std::mutex: ThreadSanitizer does not see into the packaged Abseil, where it takes every use of
// absl::Mutex for a data race.
#ifndef LOCALMAMBA_KERNELS_BASE_MUTEX_H_
#define LOCALMAMBA_KERNELS_BASE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

namespace localmamba {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }

  // Wakes one of those who wait and whose condition holds; it will wake the next.
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    WakeOne();
    mu_.unlock();
  }

  // With the mutex held: releases it until `condition()` is true. Whoever holds the mutex calls
  // `condition`, so it depends on nothing but what the mutex guards.
  template <class Condition>
  void Await(Condition condition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    AwaitFor(condition, absl::InfiniteDuration());
  }

  // The same, but for at most `timeout`, however the system's clock is set meanwhile. Returns
  // condition().
  template <class Condition>
  bool AwaitFor(Condition condition, absl::Duration timeout) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    const SteadyClock::time_point deadline = After(timeout);
    while (!condition()) {
      Waiter waiter{condition};
      waiters_.push_back(&waiter);
      WakeOne();  // by what changed since it was locked
      const bool woken = Sleep(waiter, deadline);
      if (!woken) {
        waiters_.remove(&waiter);
        return condition();
      }
    }
    return true;
  }

 private:
  using SteadyClock = std::chrono::steady_clock;

  struct Waiter {
    absl::FunctionRef<bool()> condition;
    std::condition_variable wakeup;
    bool woken = false;
  };

  // Only a thread that can go on is woken, and no more than one: that spares the others the way to
  // a processor and back. (It notifies before it unlocks, since the woken one may destroy this as
  // soon as it is unlocked.)
  void WakeOne() {
    for (auto waiter = waiters_.begin(); waiter != waiters_.end(); ++waiter) {
      if (!(*waiter)->condition()) continue;
      (*waiter)->woken = true;
      (*waiter)->wakeup.notify_one();
      waiters_.erase(waiter);
      return;
    }
  }

  // The largest time stands for never.
  static SteadyClock::time_point After(absl::Duration timeout) {
    constexpr absl::Duration kForever = absl::Hours(24 * 365 * 100);
    if (timeout >= kForever) return SteadyClock::time_point::max();
    return SteadyClock::now() + absl::ToChronoNanoseconds(timeout);
  }

  // Returns whether it was woken before `deadline`.
  bool Sleep(Waiter& waiter, SteadyClock::time_point deadline) {
    std::unique_lock<std::mutex> lock(mu_, std::adopt_lock);
    const auto woken = [&waiter] { return waiter.woken; };
    if (deadline == SteadyClock::time_point::max()) {
      waiter.wakeup.wait(lock, woken);
    } else {
      waiter.wakeup.wait_until(lock, deadline, woken);
    }
    lock.release();
    return waiter.woken;
  }

  std::mutex mu_;
  std::list<Waiter*> waiters_;  // guarded by mu_; in the order they came
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu) : mu_(mu) { mu_.Lock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mu_.Unlock(); }

 private:
  Mutex& mu_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_BASE_MUTEX_H_
