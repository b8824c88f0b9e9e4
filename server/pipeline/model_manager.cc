#include "server/pipeline/model_manager.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "server/repository/change_model.h"

namespace localmamba::server {
namespace {

std::string ReadMetrics(const ModelFolder& folder, int64_t version) {
  std::ifstream file(absl::StrCat(VersionPath(folder.path, version), "/", kMetricsFile));
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> LabelsOf(const ModelSpec& spec, int64_t version) {
  std::vector<std::string> labels;
  for (const auto& [label, number] : spec.version_labels) {
    if (number == version) labels.push_back(label);
  }
  return labels;
}

ModelStatus Broken(const std::string& name, const absl::Status& why) {
  return {.name = name, .message = std::string(why.message()), .spec = {}, .versions = {}};
}

bool IsServed(const ServedModels& served, const std::string& model) {
  const std::vector<std::string> names = served.ModelNames();
  return std::binary_search(names.begin(), names.end(), model);
}

}  // namespace

absl::Status ModelManager::LoadDefaults() {
  MutexLock lock(change_mu_);
  LM_ASSIGN_OR_RETURN(const std::vector<std::shared_ptr<ModelVersion>> versions,
                      repository_.LoadDefaults());
  for (const std::shared_ptr<ModelVersion>& version : versions) {
    LM_RETURN_IF_ERROR(served_.Add(version));
  }
  return absl::OkStatus();
}

void ModelManager::Announce(OnServing on_serving) {
  MutexLock lock(change_mu_);
  on_serving_ = std::move(on_serving);
  for (const std::string& model : served_.ModelNames()) on_serving_(model, true);
}

absl::StatusOr<std::vector<ModelStatus>> ModelManager::List() const {
  LM_ASSIGN_OR_RETURN(const std::vector<std::string> names, repository_.ModelNames());
  std::vector<ModelStatus> result;
  for (const std::string& name : names) {
    const absl::StatusOr<ModelFolder> folder = repository_.Read(name);
    result.push_back(folder.ok() ? StatusOf(*folder) : Broken(name, folder.status()));
  }
  return result;
}

absl::StatusOr<VersionStatus> ModelManager::Load(const std::string& model, int64_t version) {
  MutexLock lock(change_mu_);
  LM_ASSIGN_OR_RETURN(const ModelFolder folder, ReadWithVersion(model, version));
  LM_RETURN_IF_ERROR(LoadLocked(folder, version));
  return StatusOf(folder, version);
}

absl::Status ModelManager::LoadLocked(const ModelFolder& folder, int64_t version) {
  if (served_.Has(folder.name, version)) return absl::OkStatus();
  const Key key(folder.name, version);
  SetState(key, VersionState::kLoading);
  absl::StatusOr<std::shared_ptr<ModelVersion>> loaded = repository_.Load(folder, version);
  const absl::Status added =
      loaded.ok() ? served_.Add(*std::move(loaded)) : std::move(loaded).status();
  if (!added.ok()) {
    SetState(key, VersionState::kFailed, std::string(added.message()));
    return added;
  }
  ForgetState(key);
  on_serving_(folder.name, true);
  return absl::OkStatus();
}

absl::StatusOr<VersionStatus> ModelManager::Unload(const std::string& model, int64_t version) {
  MutexLock lock(change_mu_);
  LM_ASSIGN_OR_RETURN(const ModelFolder folder, ReadWithVersion(model, version));
  const std::vector<std::string> labels = LabelsOf(folder.spec, version);
  if (!labels.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("version ", version, " of model \"", model, "\" has the labels ",
                     absl::StrJoin(labels, ", "), "; wanted one without labels"));
  }
  const Key key(model, version);
  if (served_.Has(model, version)) {
    SetState(key, VersionState::kUnloading);
    LM_RETURN_IF_ERROR(served_.Remove(model, version));
    if (!IsServed(served_, model)) on_serving_(model, false);
  }
  ForgetState(key);
  return StatusOf(folder, version);
}

absl::StatusOr<ModelStatus> ModelManager::SetLabel(const std::string& model,
                                                   const std::string& label, int64_t version) {
  MutexLock lock(change_mu_);
  LM_RETURN_IF_ERROR(CheckModelName(model));
  LM_ASSIGN_OR_RETURN(ModelFolder folder,
                      version == 0 ? repository_.Read(model) : ReadWithVersion(model, version));
  if (version != 0 && !served_.Has(model, version)) {
    return absl::FailedPreconditionError(absl::StrCat("version ", version, " of model \"", model,
                                                      "\" does not serve, wanted one that does"));
  }
  LM_RETURN_IF_ERROR(SetVersionLabel(folder, label, version));
  if (IsServed(served_, model)) served_.SetLabels(model, folder.spec.version_labels);
  return StatusOf(folder);
}

absl::Status ModelManager::Delete(const std::string& model, int64_t version) {
  MutexLock lock(change_mu_);
  LM_ASSIGN_OR_RETURN(const ModelFolder folder, ReadWithVersion(model, version));
  if (served_.Has(model, version)) {
    return absl::FailedPreconditionError(absl::StrCat("version ", version, " of model \"", model,
                                                      "\" is loaded, wanted one that is not"));
  }
  LM_RETURN_IF_ERROR(DeleteVersion(folder, version));
  ForgetState({model, version});
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ModelManager::Publish(const std::string& model, const std::string& result,
                                              const std::string& job_json) {
  MutexLock lock(change_mu_);
  LM_RETURN_IF_ERROR(CheckModelName(model));
  LM_ASSIGN_OR_RETURN(const int64_t version,
                      PublishVersion(result, repository_.ModelPath(model), job_json));
  LM_ASSIGN_OR_RETURN(const ModelFolder folder, ReadWithVersion(model, version));
  const absl::Status loaded = LoadLocked(folder, version);
  if (loaded.ok()) return version;
  // The next server would load it as the newest, and not start.
  LM_RETURN_IF_ERROR(Annotate(
      DeleteVersion(folder, version),
      absl::StrCat("version ", version, " cannot be loaded (", loaded.message(), ") nor removed")));
  ForgetState({model, version});
  return Annotate(loaded, "not published, because it cannot be loaded");
}

absl::StatusOr<ModelFolder> ModelManager::ReadWithVersion(const std::string& model,
                                                          int64_t version) const {
  LM_RETURN_IF_ERROR(CheckModelName(model));
  if (version < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("version: found ", version, ", wanted a number from 1"));
  }
  LM_ASSIGN_OR_RETURN(ModelFolder folder, repository_.Read(model));
  if (std::binary_search(folder.versions.begin(), folder.versions.end(), version)) return folder;
  return absl::NotFoundError(absl::StrCat("model \"", model, "\" has no version ", version,
                                          "; there are: ", absl::StrJoin(folder.versions, ", ")));
}

void ModelManager::SetState(const Key& key, VersionState state, std::string message) {
  MutexLock lock(mu_);
  states_[key] = {state, std::move(message)};
}

void ModelManager::ForgetState(const Key& key) {
  MutexLock lock(mu_);
  states_.erase(key);
}

VersionStatus ModelManager::StatusOf(const ModelFolder& folder, int64_t version) const {
  VersionStatus status{.version = version,
                       .state = VersionState::kUnloaded,
                       .message = "",
                       .labels = LabelsOf(folder.spec, version),
                       .metrics_json = ReadMetrics(folder, version)};
  MutexLock lock(mu_);
  const auto found = states_.find({folder.name, version});
  if (found != states_.end()) {
    status.state = found->second.state;
    status.message = found->second.message;
  } else if (served_.Has(folder.name, version)) {
    status.state = VersionState::kServing;
  }
  return status;
}

ModelStatus ModelManager::StatusOf(const ModelFolder& folder) const {
  ModelStatus status{.name = folder.name, .message = "", .spec = folder.spec, .versions = {}};
  for (const int64_t version : folder.versions) {
    status.versions.push_back(StatusOf(folder, version));
  }
  return status;
}

}  // namespace localmamba::server
