#include "server/pipeline/model_manager.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/device_error.h"
#include "server/repository/change_model.h"

namespace localmamba::server {
namespace {

// What trainers write has some 4 KB.
constexpr int64_t kMaxMetricsBytes = 64 << 10;

std::string ReadMetrics(const ModelFolder& folder, int64_t version) {
  const std::string path = absl::StrCat(VersionPath(folder.path, version), "/", kMetricsFile);
  const std::optional<FileStamp> stamp = StampFile(path);
  if (!stamp.has_value() || stamp->size > kMaxMetricsBytes) return "";
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> LabelsOf(const ModelSpec& spec, int64_t version) {
  std::vector<std::string> labels;
  for (const auto& [label, number] : spec.version_labels) {
    if (number == version) labels.push_back(label);
  }
  return labels;
}

}  // namespace

ModelManager::ModelManager(ModelRepository repository, ServedModels& served, LoadMetrics& metrics,
                           const Log& log, Options options)
    : repository_(std::move(repository)),
      served_(served),
      log_(log),
      options_(std::move(options)),
      states_(metrics) {}

absl::Status ModelManager::LoadAtStart() {
  MutexLock lock(change_mu_);
  LM_ASSIGN_OR_RETURN(const std::vector<std::string> names, repository_.ModelNames());
  for (const std::string& model : names) {
    const absl::Status followed = FollowFolder(model, Reload::kChanged);
    if (IsStickyDeviceError(followed)) return followed;
  }
  return absl::OkStatus();
}

void ModelManager::Announce(OnServing on_serving) {
  MutexLock lock(change_mu_);
  on_serving_ = std::move(on_serving);
  for (const std::string& model : served_.ModelNames()) on_serving_(model, true);
  on_serving_("", Ready());
}

absl::Status ModelManager::RemoveLeftovers() {
  MutexLock lock(change_mu_);
  return localmamba::RemoveLeftovers(repository_.path());
}

absl::StatusOr<std::vector<ModelStatus>> ModelManager::List() const {
  LM_ASSIGN_OR_RETURN(const std::vector<std::string> names, repository_.ModelNames());
  std::vector<ModelStatus> result;
  for (const std::string& name : names) {
    absl::StatusOr<ModelFolder> folder = repository_.Read(name);
    const std::string message(folder.status().message());
    if (!folder.ok()) folder = ModelFolder{.path = repository_.ModelPath(name), .name = name};
    result.push_back(StatusOf(*folder));
    result.back().message = message;
  }
  return result;
}

absl::Status ModelManager::LoadModel(const std::string& model) {
  MutexLock lock(change_mu_);
  LM_RETURN_IF_ERROR(CheckModelName(model));
  LM_RETURN_IF_ERROR(CheckModeIsExplicit());
  LM_RETURN_IF_ERROR(CheckIsInRepository(model));
  return FollowFolder(model, Reload::kAll);
}

absl::Status ModelManager::UnloadModel(const std::string& model) {
  MutexLock lock(change_mu_);
  LM_RETURN_IF_ERROR(CheckModelName(model));
  LM_RETURN_IF_ERROR(CheckModeIsExplicit());
  if (served_.Versions(model).empty()) LM_RETURN_IF_ERROR(CheckIsInRepository(model));
  Withdraw(model);
  return absl::OkStatus();
}

absl::Status ModelManager::Synchronize(const std::string& model) {
  MutexLock lock(change_mu_);
  LM_ASSIGN_OR_RETURN(const std::vector<std::string> names, repository_.ModelNames());
  if (std::binary_search(names.begin(), names.end(), model)) {
    return FollowFolder(model, Reload::kChanged);
  }
  Withdraw(model);
  return absl::OkStatus();
}

absl::StatusOr<VersionStatus> ModelManager::Load(const std::string& model, int64_t version) {
  MutexLock lock(change_mu_);
  LM_ASSIGN_OR_RETURN(const ModelFolder folder, ReadWithVersion(model, version));
  LM_RETURN_IF_ERROR(CheckModeIsExplicit());
  if (!served_.Has(model, version)) LM_RETURN_IF_ERROR(LoadVersion(folder, version, &stopping_));
  return StatusOf(folder, version);
}

absl::StatusOr<VersionStatus> ModelManager::Unload(const std::string& model, int64_t version) {
  MutexLock lock(change_mu_);
  LM_ASSIGN_OR_RETURN(const ModelFolder folder, ReadWithVersion(model, version));
  LM_RETURN_IF_ERROR(CheckModeIsExplicit());
  const std::vector<std::string> labels = LabelsOf(folder.spec, version);
  if (!labels.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("version ", version, " of model \"", model, "\" has the labels ",
                     absl::StrJoin(labels, ", "), "; wanted one without labels"));
  }
  if (served_.Has(model, version)) UnloadVersion(model, version);
  states_.Forget(model, version);
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
  FollowLabels(folder);
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
  states_.Forget(model, version);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ModelManager::Publish(const std::string& model, const std::string& result,
                                              const std::string& job_json) {
  MutexLock lock(change_mu_);
  LM_RETURN_IF_ERROR(CheckModelName(model));
  LM_ASSIGN_OR_RETURN(const int64_t version,
                      PublishVersion(result, repository_.ModelPath(model), job_json));
  LM_ASSIGN_OR_RETURN(const ModelFolder folder, ReadWithVersion(model, version));
  const absl::Status loaded = ServePublished(folder, version);
  if (loaded.ok()) return version;
  // The next server would fail to load it as the newest.
  LM_RETURN_IF_ERROR(Annotate(
      DeleteVersion(folder, version),
      absl::StrCat("version ", version, " cannot be loaded (", loaded.message(), ") nor removed")));
  states_.Forget(model, version);
  return Annotate(loaded, "not published, because it cannot be loaded");
}

absl::Status ModelManager::ServePublished(const ModelFolder& folder, int64_t version) {
  if (options_.mode == RepositoryMode::kNone) return repository_.Load(folder, version).status();
  if (!served_.Has(folder.name, version)) {
    LM_RETURN_IF_ERROR(LoadVersion(folder, version, /*given_up=*/nullptr));
  }
  if (options_.mode == RepositoryMode::kExplicit) return absl::OkStatus();
  // That other versions cannot be loaded is told elsewhere.
  FollowFolder(folder.name, Reload::kChanged).IgnoreError();
  return absl::OkStatus();
}

absl::Status ModelManager::CheckModeIsExplicit() const {
  if (options_.mode == RepositoryMode::kExplicit) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "repository.mode is \"", options_.mode == RepositoryMode::kPoll ? "poll" : "none",
      "\", in which calls do not change what is served; wanted \"explicit\""));
}

absl::Status ModelManager::CheckIsInRepository(const std::string& model) const {
  LM_ASSIGN_OR_RETURN(const std::vector<std::string> names, repository_.ModelNames());
  if (std::binary_search(names.begin(), names.end(), model)) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat("model \"", model, "\" is not in the repository ", repository_.path()));
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

VersionStatus ModelManager::StatusOf(const ModelFolder& folder, int64_t version) const {
  const bool serves = served_.Has(folder.name, version);
  const VersionStates::Known known = states_.Find(folder.name, version);
  VersionState state = serves ? VersionState::kServing : VersionState::kUnloaded;
  if (known.passing.has_value()) {
    state = *known.passing;
  } else if (!serves && !known.failure.empty()) {
    state = VersionState::kFailed;
  }
  return {.version = version,
          .state = state,
          .message = known.failure,
          .labels = LabelsOf(folder.spec, version),
          .metrics_json = ReadMetrics(folder, version)};
}

ModelStatus ModelManager::StatusOf(const ModelFolder& folder) const {
  ModelStatus status{.name = folder.name, .message = "", .spec = folder.spec, .versions = {}};
  std::set<int64_t> versions(folder.versions.begin(), folder.versions.end());
  for (const std::vector<int64_t>& more :
       {served_.Versions(folder.name), states_.Versions(folder.name)}) {
    versions.insert(more.begin(), more.end());
  }
  for (const int64_t version : versions) {
    status.versions.push_back(StatusOf(folder, version));
  }
  return status;
}

}  // namespace localmamba::server
