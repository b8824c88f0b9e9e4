// A mutex whose holders can wait for a condition. As absl::Mutex in meaning, but made of
// std::mutex: ThreadSanitizer does not see into the packaged Abseil, where it takes every use of
// absl::Mutex for a data race.
#ifndef LOCALMAMBA_KERNELS_BASE_MUTEX_H_
#define LOCALMAMBA_KERNELS_BASE_MUTEX_H_

#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace localmamba {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }

  // Lets those who wait look at their conditions again. (It notifies before it unlocks, since one
  // of them may destroy this as soon as it is unlocked.)
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    released_.notify_all();
    mu_.unlock();
  }

  // With the mutex held: releases it until `condition()`, called with it held, is true.
  template <class Condition>
  void Await(Condition condition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    released_.notify_all();  // of what changed since it was locked
    std::unique_lock<std::mutex> lock(mu_, std::adopt_lock);
    released_.wait(lock, condition);
    lock.release();
  }

  // The same, but also until `deadline`. Returns condition().
  template <class Condition>
  bool AwaitUntil(Condition condition, absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    if (deadline == absl::InfiniteFuture()) {
      Await(condition);
      return true;
    }
    released_.notify_all();
    std::unique_lock<std::mutex> lock(mu_, std::adopt_lock);
    const bool holds = released_.wait_until(lock, absl::ToChronoTime(deadline), condition);
    lock.release();
    return holds;
  }

 private:
  std::mutex mu_;
  std::condition_variable released_;
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
