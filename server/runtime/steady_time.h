// Time that passes evenly, however the system's clock is set.
#ifndef LOCALMAMBA_SERVER_RUNTIME_STEADY_TIME_H_
#define LOCALMAMBA_SERVER_RUNTIME_STEADY_TIME_H_

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace localmamba {

// What the system's clock said when this was first called, and what has passed since. Safe to call
// from several threads.
inline absl::Time SteadyNow() {
  using Steady = std::chrono::steady_clock;
  struct Start {
    absl::Time system = absl::Now();
    Steady::time_point steady = Steady::now();
  };
  static const Start start;
  return start.system + absl::FromChrono(Steady::now() - start.steady);
}

// A time that gRPC gives, by the system's clock of now. The largest stands for never.
inline absl::Time ToSteady(std::chrono::system_clock::time_point time) {
  if (time == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return SteadyNow() + (absl::FromChrono(time) - absl::Now());
}

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_RUNTIME_STEADY_TIME_H_
