#include "server/pipeline/served_models.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

absl::Status Unknown(const std::string& text) {
  return Reject(RejectReason::kUnknownModel, absl::NotFoundError(text));
}

absl::Status Loading(const std::string& what) {
  return Reject(RejectReason::kLoading,
                absl::UnavailableError(absl::StrCat(what, " is being loaded")));
}

// The keys of a map, each in quotes.
template <class Map>
std::string Quoted(const Map& map) {
  return absl::StrJoin(map, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, "\"", entry.first, "\"");
  });
}

}  // namespace

ServedModels::ServedModels(const Options& options, Allocator& host_allocator, Clock& clock,
                           ServerMetrics& metrics)
    : options_(options),
      host_allocator_(host_allocator),
      clock_(clock),
      metrics_(metrics),
      device_(options.batches_at_once) {}

ServedModels::~ServedModels() = default;

const ServedVersion::Options& ServedModels::OptionsOf(const std::string& model) const {
  const auto found = options_.of_models.find(model);
  return found == options_.of_models.end() ? options_.defaults : found->second;
}

absl::StatusOr<ServedModels::Entry> ServedModels::Start(std::shared_ptr<ModelVersion> version) {
  const ServedVersion::Options& options = OptionsOf(version->model);
  Entry entry;
  LM_ASSIGN_OR_RETURN(entry.version, ServedVersion::Start(std::move(version), options, device_,
                                                          host_allocator_, clock_, metrics_));
  entry.handle = Handle(entry.version.get(),
                        [released = entry.released](ServedVersion*) { released->Notify(); });
  return entry;
}

void ServedModels::Retire(Entry entry) {
  entry.handle.reset();
  entry.released->WaitForNotification();
}

absl::Status ServedModels::Add(std::shared_ptr<ModelVersion> version) {
  LM_ASSIGN_OR_RETURN(Entry entry, Start(std::move(version)));
  const ModelVersion& started = entry.version->model();
  MutexLock lock(mu_);
  const auto [model, is_new] = models_.try_emplace(started.model);
  if (is_new) model->second.labels = started.spec.version_labels;
  Forget(started.model, started.version);
  const bool inserted = model->second.versions.emplace(started.version, std::move(entry)).second;
  LM_CHECK(inserted);
  return absl::OkStatus();
}

absl::Status ServedModels::Replace(std::shared_ptr<ModelVersion> version) {
  LM_ASSIGN_OR_RETURN(Entry entry, Start(std::move(version)));
  {
    const ModelVersion& started = entry.version->model();
    MutexLock lock(mu_);
    const auto model = models_.find(started.model);
    LM_CHECK(model != models_.end());
    const auto replaced = model->second.versions.find(started.version);
    LM_CHECK(replaced != model->second.versions.end());
    std::swap(replaced->second, entry);
  }
  Retire(std::move(entry));
  return absl::OkStatus();
}

absl::Status ServedModels::Remove(absl::string_view model, int64_t version) {
  Entry entry;
  {
    MutexLock lock(mu_);
    const auto found = models_.find(model);
    if (found == models_.end() || !found->second.versions.contains(version)) {
      return absl::NotFoundError(
          absl::StrCat("version ", version, " of model \"", model, "\" is not served"));
    }
    entry = std::move(found->second.versions.extract(version).mapped());
    if (found->second.versions.empty()) models_.erase(found);
  }
  Retire(std::move(entry));
  return absl::OkStatus();
}

void ServedModels::Expect(const std::string& model, int64_t version) {
  MutexLock lock(mu_);
  expected_[model].insert(version);
}

void ServedModels::ExpectNoLonger(const std::string& model, int64_t version) {
  MutexLock lock(mu_);
  Forget(model, version);
}

void ServedModels::Forget(const std::string& model, int64_t version) {
  const auto found = expected_.find(model);
  if (found == expected_.end()) return;
  found->second.erase(version);
  if (found->second.empty()) expected_.erase(found);
}

ServedModels::Labels ServedModels::LabelsOf(absl::string_view model) const {
  MutexLock lock(mu_);
  const auto found = models_.find(model);
  return found == models_.end() ? Labels() : found->second.labels;
}

void ServedModels::SetLabels(absl::string_view model, Labels labels) {
  MutexLock lock(mu_);
  const auto found = models_.find(model);
  LM_CHECK(found != models_.end());
  found->second.labels = std::move(labels);
}

absl::StatusOr<ServedModels::Handle> ServedModels::Find(absl::string_view model,
                                                        absl::string_view version) const {
  MutexLock lock(mu_);
  if (model.empty() && models_.size() != 1) {
    return InvalidRequest(
        absl::StrCat("model.name: empty, which means the only model of a server that holds one; "
                     "wanted one of: ",
                     Quoted(models_)));
  }
  const auto found = model.empty() ? models_.begin() : models_.find(model);
  if (found == models_.end()) {
    if (expected_.contains(model)) return Loading(absl::StrCat("model \"", model, "\""));
    return Unknown(
        absl::StrCat("model \"", model, "\" is not served; served are: ", Quoted(models_)));
  }
  const auto& [name, of_model] = *found;
  if (version.empty()) return of_model.versions.rbegin()->second.handle;

  int64_t number = 0;
  if (!absl::SimpleAtoi(version, &number) || absl::StrCat(number) != version) {
    const auto label = of_model.labels.find(std::string(version));
    if (label == of_model.labels.end()) {
      return Unknown(absl::StrCat("model \"", name, "\" has no version label \"", version,
                                  "\"; its labels are: ", Quoted(of_model.labels)));
    }
    number = label->second;
  }
  const auto by_number = of_model.versions.find(number);
  if (by_number == of_model.versions.end()) {
    const auto expected = expected_.find(name);
    if (expected != expected_.end() && expected->second.contains(number)) {
      return Loading(absl::StrCat("version ", number, " of model \"", name, "\""));
    }
    return Unknown(absl::StrCat(
        "version ", number, " of model \"", name, "\" is not served; served are: ",
        absl::StrJoin(of_model.versions, ", ", [](std::string* out, const auto& entry) {
          absl::StrAppend(out, entry.first);
        })));
  }
  return by_number->second.handle;
}

bool ServedModels::Has(absl::string_view model, int64_t version) const {
  MutexLock lock(mu_);
  const auto found = models_.find(model);
  return found != models_.end() && found->second.versions.contains(version);
}

std::vector<ServedModels::Listed> ServedModels::List() const {
  MutexLock lock(mu_);
  std::vector<Listed> result;
  for (const auto& [name, model] : models_) {
    for (const auto& [number, entry] : model.versions) {
      Listed& listed = result.emplace_back(Listed{.version = entry.handle, .labels = {}});
      for (const auto& [label, version] : model.labels) {
        if (version == number) listed.labels.push_back(label);
      }
    }
  }
  return result;
}

std::vector<int64_t> ServedModels::Versions(absl::string_view model) const {
  MutexLock lock(mu_);
  std::vector<int64_t> versions;
  const auto found = models_.find(model);
  if (found == models_.end()) return versions;
  for (const auto& [number, entry] : found->second.versions) versions.push_back(number);
  return versions;
}

std::vector<std::string> ServedModels::ModelNames() const {
  MutexLock lock(mu_);
  std::vector<std::string> names;
  for (const auto& [name, model] : models_) names.push_back(name);
  return names;
}

}  // namespace localmamba::server
