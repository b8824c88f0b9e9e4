// Loads, unloads, labels, deletes and publishes versions while a server answers requests.
#ifndef LOCALMAMBA_SERVER_PIPELINE_MODEL_MANAGER_H_
#define LOCALMAMBA_SERVER_PIPELINE_MODEL_MANAGER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/base/mutex.h"
#include "server/pipeline/served_models.h"
#include "server/repository/model_repository.h"

namespace localmamba::server {

enum class VersionState : uint8_t { kUnloaded, kLoading, kServing, kUnloading, kFailed };

struct VersionStatus {
  int64_t version = 0;
  VersionState state = VersionState::kUnloaded;
  std::string message;              // kFailed: why
  std::vector<std::string> labels;  // that point at it
  std::string metrics_json;         // "" if no job made it
};

struct ModelStatus {
  std::string name;
  std::string message;  // why its folder cannot be read; then the rest is empty
  ModelSpec spec;
  std::vector<VersionStatus> versions;  // ascending
};

// Safe from several threads. Changes are made one after the other; each call waits for those before
// it, and for what it does itself. A change that fails leaves what is served as it was. Errors of
// all: INVALID_ARGUMENT for a name; NOT_FOUND for a model or version that is not in the repository.
class ModelManager {
 public:
  using OnServing = std::function<void(const std::string& model, bool serving)>;

  // `served` outlives this and is changed by nobody else.
  ModelManager(ModelRepository repository, ServedModels& served)
      : repository_(std::move(repository)), served_(served) {}

  // Loads what a server starts with. Errors: those of ModelRepository::LoadDefaults.
  absl::Status LoadDefaults() ABSL_LOCKS_EXCLUDED(change_mu_, mu_);

  // Tells of each model that has versions serving, and from then on when one gains a version or
  // loses its last. Called by the thread that makes the change.
  void Announce(OnServing on_serving) ABSL_LOCKS_EXCLUDED(change_mu_);

  // What is in the repository, by name. Waits for no change. Errors: those of
  // ModelRepository::ModelNames.
  [[nodiscard]] absl::StatusOr<std::vector<ModelStatus>> List() const ABSL_LOCKS_EXCLUDED(mu_);

  // Loads a version and warms it up, then lets it serve. One that serves already stays as it is.
  // Errors: those of ModelRepository::Load.
  absl::StatusOr<VersionStatus> Load(const std::string& model, int64_t version)
      ABSL_LOCKS_EXCLUDED(change_mu_, mu_);

  // Waits for requests in flight, then frees the version. One that is not loaded stays as it is.
  // Errors: FAILED_PRECONDITION if a label points at it.
  absl::StatusOr<VersionStatus> Unload(const std::string& model, int64_t version)
      ABSL_LOCKS_EXCLUDED(change_mu_, mu_);

  // Writes the label to model.json; then requests for it go to `version`. 0 removes the label.
  // Errors: FAILED_PRECONDITION if the version does not serve; those of SetVersionLabel.
  absl::StatusOr<ModelStatus> SetLabel(const std::string& model, const std::string& label,
                                       int64_t version) ABSL_LOCKS_EXCLUDED(change_mu_, mu_);

  // Removes the folder. Errors: FAILED_PRECONDITION if it is loaded or a label points at it.
  absl::Status Delete(const std::string& model, int64_t version)
      ABSL_LOCKS_EXCLUDED(change_mu_, mu_);

  // PublishVersion into the repository, then Load; what cannot be loaded is removed again. Returns
  // the version. Errors: those of both.
  absl::StatusOr<int64_t> Publish(const std::string& model, const std::string& result,
                                  const std::string& job_json) ABSL_LOCKS_EXCLUDED(change_mu_, mu_);

 private:
  struct State {
    VersionState state;
    std::string message;
  };
  using Key = std::pair<std::string, int64_t>;

  // The model's folder, which has this version.
  [[nodiscard]] absl::StatusOr<ModelFolder> ReadWithVersion(const std::string& model,
                                                            int64_t version) const;
  absl::Status LoadLocked(const ModelFolder& folder, int64_t version)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_) ABSL_LOCKS_EXCLUDED(mu_);
  void SetState(const Key& key, VersionState state, std::string message = "")
      ABSL_LOCKS_EXCLUDED(mu_);
  void ForgetState(const Key& key) ABSL_LOCKS_EXCLUDED(mu_);
  [[nodiscard]] VersionStatus StatusOf(const ModelFolder& folder, int64_t version) const
      ABSL_LOCKS_EXCLUDED(mu_);
  [[nodiscard]] ModelStatus StatusOf(const ModelFolder& folder) const ABSL_LOCKS_EXCLUDED(mu_);

  const ModelRepository repository_;
  ServedModels& served_;

  Mutex change_mu_;  // held through a change; taken before mu_
  OnServing on_serving_ ABSL_GUARDED_BY(change_mu_) = [](const std::string&, bool) {};

  mutable Mutex mu_;
  // Of versions that are neither plainly unloaded nor serving.
  std::map<Key, State> states_ ABSL_GUARDED_BY(mu_);
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_MODEL_MANAGER_H_
