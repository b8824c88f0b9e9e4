// Where the server stands between start and exit.
#ifndef LOCALMAMBA_SERVER_RUNTIME_LIFECYCLE_H_
#define LOCALMAMBA_SERVER_RUNTIME_LIFECYCLE_H_

#include <atomic>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace localmamba::server {

enum class Phase : uint8_t {
  kLoading,   // models are being read; nothing is answered
  kServing,   // ready
  kDraining,  // not ready, but everything is answered: load balancers are about to notice
  kStopping,  // new requests are refused; those in flight are finished
};

// "loading", and so on.
constexpr absl::string_view ToString(Phase phase) {
  switch (phase) {
    case Phase::kLoading:
      return "loading";
    case Phase::kServing:
      return "serving";
    case Phase::kDraining:
      return "draining";
    case Phase::kStopping:
      return "stopping";
  }
  return "";
}

// Safe from several threads.
class Lifecycle {
 public:
  [[nodiscard]] Phase phase() const { return phase_; }
  void Enter(Phase phase) { phase_ = phase; }

 private:
  std::atomic<Phase> phase_ = Phase::kLoading;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_LIFECYCLE_H_
