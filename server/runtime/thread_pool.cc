#include "server/runtime/thread_pool.h"

#include <utility>

#include "kernels/base/check.h"

namespace localmamba::server {

ThreadPool::ThreadPool(int threads, size_t max_queue) : max_queue_(max_queue) {
  LM_CHECK(threads >= 1 && max_queue >= 1);
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::TrySubmit(Task&& task) {
  MutexLock lock(mu_);
  if (!HasRoom()) return false;
  queue_.push_back(std::move(task));
  return true;
}

void ThreadPool::Submit(Task task) {
  MutexLock lock(mu_);
  mu_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return HasRoom(); });
  queue_.push_back(std::move(task));
}

void ThreadPool::Work() {
  while (true) {
    Task task;
    {
      MutexLock lock(mu_);
      mu_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return HasWorkOrStops(); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace localmamba::server
