// The part of ModelManager that makes what is served follow the repository.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/device_error.h"
#include "server/pipeline/model_manager.h"

namespace localmamba::server {
namespace {

// Of a version that serves.
ServedModels::Handle Served(const ServedModels& served, const std::string& model, int64_t version) {
  absl::StatusOr<ServedModels::Handle> handle = served.Find(model, absl::StrCat(version));
  LM_CHECK(handle.ok());
  return *std::move(handle);
}

void LogLoaded(const ServedVersion& served, const Log& log) {
  const ModelVersion& version = served.model();
  nlohmann::ordered_json activation_bytes;  // by batch size, of each instance
  nlohmann::ordered_json batch_ms;          // by batch size
  for (const WarmBatch& batch : version.warm_batches) {
    activation_bytes[absl::StrCat(batch.images)] = batch.activation_bytes;
    batch_ms[absl::StrCat(batch.images)] = absl::ToDoubleMilliseconds(batch.cost);
  }
  log.Info("model loaded", {{"model", version.model},
                            {"version", version.version},
                            {"instances", version.engines.size()},
                            {"max_batch_size", served.max_batch_size()},
                            {"activation_bytes", activation_bytes},
                            {"batch_ms", batch_ms}});
  if (version.max_batch_size < std::numeric_limits<int64_t>::max()) {
    log.Warning("device memory does not suffice for larger batches",
                {{"model", version.model},
                 {"version", version.version},
                 {"max_batch_size", served.max_batch_size()}});
  }
}

}  // namespace

absl::Status ModelManager::FollowFolder(const std::string& model, Reload reload) {
  const absl::StatusOr<ModelFolder> folder = repository_.Read(model);
  if (!folder.ok()) return Fail(model, 0, folder.status());
  const std::set<int64_t> wanted = VersionsToServe(*folder);
  states_.ForgetUnless(model, [&](int64_t version) { return wanted.contains(version); });
  absl::Status first_failure;
  for (const int64_t version : wanted) {
    first_failure.Update(FollowVersion(*folder, version, reload));
  }
  FollowLabels(*folder);
  // Else one of those might be what should have been replaced.
  if (first_failure.ok()) UnloadVersionsExcept(model, wanted);
  Tell(model);
  return first_failure;
}

absl::Status ModelManager::FollowVersion(const ModelFolder& folder, int64_t version,
                                         Reload reload) {
  if (reload == Reload::kChanged && served_.Has(folder.name, version)) {
    const absl::StatusOr<VersionStamp> stamp = StampVersion(folder, version);
    if (stamp.ok() && *stamp == Served(served_, folder.name, version)->model().stamp) {
      states_.Forget(folder.name, version);  // what failed meanwhile was taken back
      return absl::OkStatus();
    }
  }
  return LoadVersion(folder, version, &stopping_);
}

void ModelManager::FollowLabels(const ModelFolder& folder) {
  if (served_.Versions(folder.name).empty()) return;
  const ServedModels::Labels now = served_.LabelsOf(folder.name);
  ServedModels::Labels labels;
  for (const auto& [label, version] : folder.spec.version_labels) {
    const auto old = now.find(label);
    if (served_.Has(folder.name, version)) {
      labels[label] = version;
    } else if (old != now.end()) {
      labels.insert(*old);
    }
  }
  served_.SetLabels(folder.name, std::move(labels));
}

absl::Status ModelManager::LoadVersion(const ModelFolder& folder, int64_t version,
                                       const std::atomic<bool>* given_up) {
  const std::string& model = folder.name;
  const bool serves = served_.Has(model, version);
  states_.Forget(model, 0);  // its folder has been read
  if (!serves) {
    states_.Begin(model, version, VersionState::kLoading);
    served_.Expect(model, version);
  }
  const absl::Cleanup loaded_or_failed = [&] { served_.ExpectNoLonger(model, version); };
  absl::StatusOr<std::shared_ptr<ModelVersion>> loaded =
      repository_.Load(folder, version, given_up);
  if (!loaded.ok()) return Fail(model, version, loaded.status());
  const absl::Status served =
      serves ? served_.Replace(*std::move(loaded)) : served_.Add(*std::move(loaded));
  if (!served.ok()) return Fail(model, version, served);
  states_.Forget(model, version);
  LogLoaded(*Served(served_, model, version), log_);
  Tell(model);
  return absl::OkStatus();
}

void ModelManager::UnloadVersion(const std::string& model, int64_t version) {
  states_.Begin(model, version, VersionState::kUnloading);
  LM_CHECK(served_.Remove(model, version).ok());
  states_.Forget(model, version);
  log_.Info("model unloaded", {{"model", model}, {"version", version}});
  Tell(model);
}

void ModelManager::UnloadVersionsExcept(const std::string& model, const std::set<int64_t>& kept) {
  for (const int64_t version : served_.Versions(model)) {
    if (!kept.contains(version)) UnloadVersion(model, version);
  }
}

void ModelManager::Withdraw(const std::string& model) {
  UnloadVersionsExcept(model, {});
  states_.ForgetUnless(model, [](int64_t /*version*/) { return false; });
  Tell(model);
}

absl::Status ModelManager::Fail(const std::string& model, int64_t version,
                                const absl::Status& why) {
  states_.Fail(model, version, std::string(why.message()));
  log_.Error("model cannot be loaded", {{"model", model},
                                        {"version", version},
                                        {"error", std::string(why.message())},
                                        {"serves", served_.Versions(model)}});
  if (IsStickyDeviceError(why) && options_.on_device_lost != nullptr) options_.on_device_lost(why);
  Tell(model);
  return why;
}

void ModelManager::Tell(const std::string& model) {
  const auto tell_of = [this](const std::string& name, bool serving) {
    const bool changed =
        serving ? told_serving_.insert(name).second : told_serving_.erase(name) > 0;
    if (changed) on_serving_(name, serving);
  };
  tell_of(model, !served_.Versions(model).empty());
  tell_of("", Ready());
}

bool ModelManager::Ready() const {
  const std::vector<LoadFailure> failures = states_.Failures();
  if (!options_.strict_readiness) return failures.empty() || !served_.ModelNames().empty();
  return std::all_of(failures.begin(), failures.end(), [this](const LoadFailure& failure) {
    return !served_.Versions(failure.model).empty();
  });
}

}  // namespace localmamba::server
