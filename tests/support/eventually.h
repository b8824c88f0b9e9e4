// Waiting for what another thread will bring about.
#ifndef LOCALMAMBA_TESTS_SUPPORT_EVENTUALLY_H_
#define LOCALMAMBA_TESTS_SUPPORT_EVENTUALLY_H_

#include <thread>

#include "absl/functional/function_ref.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace localmamba::server {

// Whether `condition` comes true within a minute: longer than the slowest machine takes.
inline bool Eventually(absl::FunctionRef<bool()> condition) {
  const absl::Time give_up = absl::Now() + absl::Minutes(1);
  while (!condition()) {
    if (absl::Now() >= give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_EVENTUALLY_H_
