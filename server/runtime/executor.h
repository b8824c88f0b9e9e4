// Where work runs, injected so that tests can run it inline.
#ifndef LOCALMAMBA_SERVER_RUNTIME_EXECUTOR_H_
#define LOCALMAMBA_SERVER_RUNTIME_EXECUTOR_H_

#include "absl/functional/any_invocable.h"

namespace localmamba::server {

using Task = absl::AnyInvocable<void()>;

// Safe to call from several threads.
class Executor {
 public:
  virtual ~Executor() = default;

  // Takes `task` and runs it once, soon, on some thread; or returns false, and leaves it alone, if
  // as many tasks as allowed wait already. Never blocks.
  virtual bool TrySubmit(Task&& task) = 0;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_EXECUTOR_H_
