// Runs tasks at once, on the caller's thread; or refuses them.
#ifndef LOCALMAMBA_TESTS_SUPPORT_INLINE_EXECUTOR_H_
#define LOCALMAMBA_TESTS_SUPPORT_INLINE_EXECUTOR_H_

#include <atomic>
#include <utility>

#include "server/runtime/executor.h"

namespace localmamba::server {

class InlineExecutor final : public Executor {
 public:
  bool TrySubmit(Task&& task) override {
    if (full_) return false;
    Task(std::move(task))();
    return true;
  }

  void set_full(bool full) { full_ = full; }

 private:
  std::atomic<bool> full_ = false;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_INLINE_EXECUTOR_H_
