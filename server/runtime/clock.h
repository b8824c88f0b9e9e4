// Time, injected so that tests decide when it passes.
#ifndef LOCALMAMBA_SERVER_RUNTIME_CLOCK_H_
#define LOCALMAMBA_SERVER_RUNTIME_CLOCK_H_

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "kernels/base/mutex.h"
#include "server/runtime/steady_time.h"

namespace localmamba::server {

// Safe to call from several threads. (Abseil's later absl::Clock has the same meaning.)
class Clock {
 public:
  virtual ~Clock() = default;

  [[nodiscard]] virtual absl::Time Now() const = 0;

  // With `mu` held: releases it until `condition` holds or `deadline` has come, and takes it again.
  // Returns whether the condition holds.
  virtual bool AwaitUntil(Mutex& mu, absl::FunctionRef<bool()> condition, absl::Time deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) = 0;
};

// Steps of the system's clock change nothing: see SteadyNow.
class RealClock final : public Clock {
 public:
  [[nodiscard]] absl::Time Now() const override { return SteadyNow(); }
  bool AwaitUntil(Mutex& mu, absl::FunctionRef<bool()> condition, absl::Time deadline) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    return mu.AwaitFor(condition, deadline - Now());
  }
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_CLOCK_H_
