// Loads, reloads, unloads, labels, deletes and publishes versions while a server answers requests.
#ifndef LOCALMAMBA_SERVER_PIPELINE_MODEL_MANAGER_H_
#define LOCALMAMBA_SERVER_PIPELINE_MODEL_MANAGER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kernels/base/mutex.h"
#include "server/pipeline/served_models.h"
#include "server/pipeline/version_states.h"
#include "server/repository/model_repository.h"
#include "server/runtime/log.h"

namespace localmamba::server {

struct VersionStatus {
  int64_t version = 0;
  VersionState state = VersionState::kUnloaded;
  std::string
      message;  // why the last attempt to load it failed; what served before goes on serving
  std::vector<std::string> labels;  // that point at it
  std::string metrics_json;         // "" if no job made it, or if it is too long
};

struct ModelStatus {
  std::string name;
  std::string message;  // why its folder cannot be read; then there is no spec
  ModelSpec spec;
  std::vector<VersionStatus> versions;  // ascending; in the folder, served, or wanted in vain
};

// Who decides what is served after the start.
enum class RepositoryMode : uint8_t {
  kNone,      // nobody: it stays as it is
  kExplicit,  // the calls below
  kPoll,      // the files: Synchronize
};

// Safe from several threads. Changes are made one after the other; each call waits for those before
// it, and for what it does itself. A change that fails leaves what is served as it was. Errors of
// all: INVALID_ARGUMENT for a name; NOT_FOUND for a model or version that is not in the repository;
// FAILED_PRECONDITION for a change of what is served that the mode does not allow.
class ModelManager {
 public:
  struct Options {
    RepositoryMode mode = RepositoryMode::kExplicit;
    // Ready only if every model that failed to load serves at least one version. Else: if anything
    // serves, or nothing failed.
    bool strict_readiness = false;
    // Told of a sticky device error while a version is loaded; may be empty.
    std::function<void(const absl::Status&)> on_device_lost;
  };

  using OnServing = std::function<void(const std::string& model, bool serving)>;

  // The references outlive this; `served` is changed by nobody else.
  ModelManager(ModelRepository repository, ServedModels& served, LoadMetrics& metrics,
               const Log& log, Options options);

  // Loads what VersionsToServe says of every model. What cannot be read or loaded is left out: it
  // is among the Failures. Errors: those of ModelRepository::ModelNames; a sticky device error.
  absl::Status LoadAtStart() ABSL_LOCKS_EXCLUDED(change_mu_);

  // Tells of each model that has versions serving, and from then on when one gains its first
  // version or loses its last; and, with an empty name, whether the server is ready. Called by the
  // thread that makes the change.
  void Announce(OnServing on_serving) ABSL_LOCKS_EXCLUDED(change_mu_);

  // The server is about to stop: versions are loaded no more, and one that is being loaded is given
  // up soon, which fails with CANCELLED. Publish goes on.
  void BeginStop() { stopping_ = true; }

  // RemoveLeftovers of the repository.
  absl::Status RemoveLeftovers() ABSL_LOCKS_EXCLUDED(change_mu_);

  // What is in the repository, by name. Waits for no change. Errors: those of
  // ModelRepository::ModelNames.
  [[nodiscard]] absl::StatusOr<std::vector<ModelStatus>> List() const;

  // What could not be loaded when it was last tried.
  [[nodiscard]] std::vector<LoadFailure> Failures() const { return states_.Failures(); }

  // Loads what VersionsToServe says of the model, and loads anew what of that serves already: the
  // new instance is made beside the old one and takes its place. If all of it can be loaded,
  // unloads the model's other versions. Errors: of the first version that cannot be loaded, those
  // of ModelRepository::Load; the others are loaded nevertheless.
  absl::Status LoadModel(const std::string& model) ABSL_LOCKS_EXCLUDED(change_mu_);

  // Unloads all versions of the model, whatever labels point at them.
  absl::Status UnloadModel(const std::string& model) ABSL_LOCKS_EXCLUDED(change_mu_);

  // For kPoll: as LoadModel, but of what serves loads only that anew whose files have changed; and
  // if the model's folder is gone, unloads it.
  absl::Status Synchronize(const std::string& model) ABSL_LOCKS_EXCLUDED(change_mu_);

  // Loads a version and warms it up, then lets it serve. One that serves already stays as it is.
  // Errors: those of ModelRepository::Load.
  absl::StatusOr<VersionStatus> Load(const std::string& model, int64_t version)
      ABSL_LOCKS_EXCLUDED(change_mu_);

  // Waits for requests in flight, then frees the version. One that is not loaded stays as it is.
  // Errors: FAILED_PRECONDITION if a label points at it.
  absl::StatusOr<VersionStatus> Unload(const std::string& model, int64_t version)
      ABSL_LOCKS_EXCLUDED(change_mu_);

  // Writes the label to model.json; then requests for it go to `version`. 0 removes the label.
  // Errors: FAILED_PRECONDITION if the version does not serve; those of SetVersionLabel.
  absl::StatusOr<ModelStatus> SetLabel(const std::string& model, const std::string& label,
                                       int64_t version) ABSL_LOCKS_EXCLUDED(change_mu_);

  // Removes the folder. Errors: FAILED_PRECONDITION if it is loaded or a label points at it.
  absl::Status Delete(const std::string& model, int64_t version) ABSL_LOCKS_EXCLUDED(change_mu_);

  // PublishVersion into the repository, then loads it; what cannot be loaded is removed again. In
  // kNone it does not serve before the next start; in kPoll the version policy decides what does.
  // Returns the version. Errors: those of PublishVersion and Load.
  absl::StatusOr<int64_t> Publish(const std::string& model, const std::string& result,
                                  const std::string& job_json) ABSL_LOCKS_EXCLUDED(change_mu_);

 private:
  enum class Reload : uint8_t { kChanged, kAll };

  // model_changes.cc: how what is served follows the repository. Each tells of what it changes.
  absl::Status FollowFolder(const std::string& model, Reload reload)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_);
  // LoadVersion, if the version does not serve, or `reload` says so.
  absl::Status FollowVersion(const ModelFolder& folder, int64_t version, Reload reload)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_);
  // Labels of versions that do not serve stay where they were.
  void FollowLabels(const ModelFolder& folder) ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_);
  // Lets it serve, in the place of its older self if there is one. Errors: those of
  // ModelRepository::Load.
  absl::Status LoadVersion(const ModelFolder& folder, int64_t version,
                           const std::atomic<bool>* given_up)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_);
  // One that serves.
  void UnloadVersion(const std::string& model, int64_t version)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_);
  void UnloadVersionsExcept(const std::string& model, const std::set<int64_t>& kept)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_);
  // Unloads all of it, and knows nothing of it any more.
  void Withdraw(const std::string& model) ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_);
  absl::Status Fail(const std::string& model, int64_t version, const absl::Status& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_);
  void Tell(const std::string& model) ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_);
  [[nodiscard]] bool Ready() const;

  [[nodiscard]] absl::Status CheckModeIsExplicit() const;
  [[nodiscard]] absl::Status CheckIsInRepository(const std::string& model) const;
  // The model's folder, which has this version.
  [[nodiscard]] absl::StatusOr<ModelFolder> ReadWithVersion(const std::string& model,
                                                            int64_t version) const;
  absl::Status ServePublished(const ModelFolder& folder, int64_t version)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mu_);
  [[nodiscard]] VersionStatus StatusOf(const ModelFolder& folder, int64_t version) const;
  // Of an unreadable folder only `name` and `path` are known.
  [[nodiscard]] ModelStatus StatusOf(const ModelFolder& folder) const;

  const ModelRepository repository_;
  ServedModels& served_;
  const Log& log_;
  const Options options_;
  VersionStates states_;
  std::atomic<bool> stopping_ = false;

  Mutex change_mu_;  // held through a change
  OnServing on_serving_ ABSL_GUARDED_BY(change_mu_) = [](const std::string&, bool) {};
  std::set<std::string> told_serving_ ABSL_GUARDED_BY(change_mu_);  // "" if the server is ready
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_MODEL_MANAGER_H_
