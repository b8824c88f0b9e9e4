// Where the server stands between start and exit.
#ifndef LOCALMAMBA_SERVER_RUNTIME_LIFECYCLE_H_
#define LOCALMAMBA_SERVER_RUNTIME_LIFECYCLE_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kernels/base/mutex.h"

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

  // From now on the process is of no more use, for `reason`, which is not OK: the first one counts.
  // Returns whether it is the first.
  bool Fail(const absl::Status& reason) {
    const MutexLock lock(mu_);
    if (!failure_.ok()) return false;
    failure_ = reason;
    return true;
  }
  // OK, or why only a new process helps.
  [[nodiscard]] absl::Status failure() const {
    const MutexLock lock(mu_);
    return failure_;
  }

  // Whether enough models are loaded. Yes, unless told otherwise.
  void SetModelsReady(bool ready) { models_ready_ = ready; }

  [[nodiscard]] bool ready() const {
    return phase() == Phase::kServing && models_ready_ && failure().ok();
  }

 private:
  std::atomic<Phase> phase_ = Phase::kLoading;
  std::atomic<bool> models_ready_ = true;
  mutable Mutex mu_;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_LIFECYCLE_H_
