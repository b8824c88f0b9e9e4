// What is known of versions beyond whether they serve: what is being done to them, and how the last
// attempt to load them failed.
#ifndef LOCALMAMBA_SERVER_PIPELINE_VERSION_STATES_H_
#define LOCALMAMBA_SERVER_PIPELINE_VERSION_STATES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "kernels/base/mutex.h"
#include "server/metrics/load_metrics.h"

namespace localmamba::server {

enum class VersionState : uint8_t { kUnloaded, kLoading, kServing, kUnloading, kFailed };

struct LoadFailure {
  std::string model;
  int64_t version = 0;  // 0: the model's folder could not be read
  std::string message;
};

// Safe from several threads. `version` 0 is the model as a whole.
class VersionStates {
 public:
  struct Known {
    std::optional<VersionState> passing;  // kLoading or kUnloading, while that lasts
    std::string failure;                  // of the last attempt to load it; "" if it succeeded
  };

  // `metrics` outlives this and hears of each failure.
  explicit VersionStates(LoadMetrics& metrics) : metrics_(metrics) {}

  void Begin(const std::string& model, int64_t version, VersionState passing)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Ends what was begun; then nothing is known of the version.
  void Forget(const std::string& model, int64_t version) ABSL_LOCKS_EXCLUDED(mu_);
  // Ends what was begun, too. `message` is not empty.
  void Fail(const std::string& model, int64_t version, std::string message)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Forgets the versions of the model for which `keep` is false.
  void ForgetUnless(const std::string& model, const std::function<bool(int64_t)>& keep)
      ABSL_LOCKS_EXCLUDED(mu_);

  [[nodiscard]] Known Find(const std::string& model, int64_t version) const
      ABSL_LOCKS_EXCLUDED(mu_);
  // Of the model, ascending, without 0: those of which something is known.
  [[nodiscard]] std::vector<int64_t> Versions(const std::string& model) const
      ABSL_LOCKS_EXCLUDED(mu_);
  // By model and version.
  [[nodiscard]] std::vector<LoadFailure> Failures() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Key = std::pair<std::string, int64_t>;

  LoadMetrics& metrics_;
  mutable Mutex mu_;
  std::map<Key, Known> known_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_VERSION_STATES_H_
