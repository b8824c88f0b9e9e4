// A fixed number of threads behind a bounded queue.
#ifndef LOCALMAMBA_SERVER_RUNTIME_THREAD_POOL_H_
#define LOCALMAMBA_SERVER_RUNTIME_THREAD_POOL_H_

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "server/runtime/executor.h"
#include "kernels/base/mutex.h"

namespace localmamba::server {

// Tasks start in the order they came. A task must not throw.
class ThreadPool final : public Executor {
 public:
  // `threads` and `max_queue` (tasks that wait for a thread) are at least 1.
  ThreadPool(int threads, size_t max_queue);

  // Finishes every task taken.
  ~ThreadPool() override;

  bool TrySubmit(Task&& task) override ABSL_LOCKS_EXCLUDED(mu_);

  // As TrySubmit, but waits for room instead of refusing.
  void Submit(Task task) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Work() ABSL_LOCKS_EXCLUDED(mu_);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return queue_.size() < max_queue_; }
  bool HasWorkOrStops() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return !queue_.empty() || stopping_;
  }

  const size_t max_queue_;
  Mutex mu_;
  std::deque<Task> queue_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;  // immutable after construction
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_THREAD_POOL_H_
