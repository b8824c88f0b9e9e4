// Every version a server answers for.
#ifndef LOCALMAMBA_SERVER_PIPELINE_SERVED_MODELS_H_
#define LOCALMAMBA_SERVER_PIPELINE_SERVED_MODELS_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kernels/base/mutex.h"
#include "kernels/device/buffer.h"
#include "server/metrics/server_metrics.h"
#include "server/pipeline/served_version.h"
#include "server/repository/model_version.h"
#include "server/runtime/clock.h"
#include "server/runtime/notification.h"

namespace localmamba::server {

// Safe from several threads. Versions come and go while requests are answered; whoever holds a
// Handle keeps its version.
class ServedModels {
 public:
  using Handle = std::shared_ptr<ServedVersion>;
  using Labels = std::map<std::string, int64_t>;

  struct Listed {
    std::shared_ptr<const ServedVersion> version;
    std::vector<std::string> labels;  // that point at it
  };

  struct Options {
    ServedVersion::Options defaults;
    std::map<std::string, ServedVersion::Options> of_models;  // by name, in place of the defaults
    // Most batches of all versions that their device runs at a time: whose turn it is goes by the
    // versions' weights.
    size_t batches_at_once = std::numeric_limits<size_t>::max();
  };

  // The references outlive this. Without versions at first.
  ServedModels(const Options& options, Allocator& host_allocator, Clock& clock,
               ServerMetrics& metrics);
  ServedModels(const ServedModels&) = delete;
  ServedModels& operator=(const ServedModels&) = delete;
  ~ServedModels();  // nobody holds a handle

  // Starts a queue for `version`, which is not served yet; from then on requests find it. If it is
  // the model's first, the labels of its spec become those of the model. Errors: those of
  // ServedVersion::Start.
  absl::Status Add(std::shared_ptr<ModelVersion> version) ABSL_LOCKS_EXCLUDED(mu_);

  // Starts a queue for `version`, puts it in the place of the one of the same model and number,
  // which is served, waits until the requests that have found that one are answered, and frees it.
  // Errors: those of ServedVersion::Start; then the old one stays.
  absl::Status Replace(std::shared_ptr<ModelVersion> version) ABSL_LOCKS_EXCLUDED(mu_);

  // Lets no more requests find the version, waits until those that have are answered, and frees it.
  // Errors: NOT_FOUND if it is not served.
  absl::Status Remove(absl::string_view model, int64_t version) ABSL_LOCKS_EXCLUDED(mu_);

  // Announces that the version is being loaded, for the first time: Find tells so, until it is added
  // or expected no longer.
  void Expect(const std::string& model, int64_t version) ABSL_LOCKS_EXCLUDED(mu_);
  void ExpectNoLonger(const std::string& model, int64_t version) ABSL_LOCKS_EXCLUDED(mu_);

  // None of a model that is not served.
  [[nodiscard]] Labels LabelsOf(absl::string_view model) const ABSL_LOCKS_EXCLUDED(mu_);

  // Replaces the labels of a model, which is served.
  void SetLabels(absl::string_view model, Labels labels) ABSL_LOCKS_EXCLUDED(mu_);

  // The version a request means: by number ("3"), by label ("stable"), or "" for the newest
  // (largest number). An empty `model` means the only one. Errors: INVALID_ARGUMENT if `model` is
  // empty and there are several; UNAVAILABLE for an expected version, and for a model of which none
  // is served yet; NOT_FOUND naming the model or version and what exists.
  [[nodiscard]] absl::StatusOr<Handle> Find(absl::string_view model,
                                            absl::string_view version) const
      ABSL_LOCKS_EXCLUDED(mu_);

  [[nodiscard]] bool Has(absl::string_view model, int64_t version) const ABSL_LOCKS_EXCLUDED(mu_);
  [[nodiscard]] std::vector<Listed> List() const ABSL_LOCKS_EXCLUDED(mu_);    // by model, version
  [[nodiscard]] std::vector<int64_t> Versions(absl::string_view model) const  // ascending
      ABSL_LOCKS_EXCLUDED(mu_);
  [[nodiscard]] std::vector<std::string> ModelNames() const ABSL_LOCKS_EXCLUDED(mu_);  // sorted

 private:
  // Handles point at `version` without owning it: the last one to go may be on the version's own
  // thread, which cannot end itself. It notifies instead, and Remove frees.
  struct Entry {
    std::unique_ptr<ServedVersion> version;
    std::shared_ptr<Notification> released = std::make_shared<Notification>();
    Handle handle;
  };
  struct Model {
    std::map<int64_t, Entry> versions;  // at least one
    Labels labels;
  };

  [[nodiscard]] const ServedVersion::Options& OptionsOf(const std::string& model) const;
  absl::StatusOr<Entry> Start(std::shared_ptr<ModelVersion> version);
  void Forget(const std::string& model, int64_t version) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Waits until nobody holds `entry`, which is no longer found, and frees it.
  static void Retire(Entry entry);

  const Options options_;
  Allocator& host_allocator_;
  Clock& clock_;
  ServerMetrics& metrics_;
  DeviceTurns device_;

  mutable Mutex mu_;
  std::map<std::string, Model, std::less<>> models_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::set<int64_t>, std::less<>> expected_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_SERVED_MODELS_H_
