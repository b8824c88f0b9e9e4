#include "server/repository/model_repository.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/check.h"

namespace localmamba {
namespace {

void AppendQuoted(std::string* out, const std::string& name) {
  absl::StrAppend(out, "\"", name, "\"");
}

}  // namespace

ModelRepository::ModelRepository(const std::vector<std::shared_ptr<ModelVersion>>& versions) {
  for (const std::shared_ptr<ModelVersion>& version : versions) {
    const bool inserted = models_[version->model].emplace(version->version, version).second;
    LM_CHECK(inserted);
  }
}

absl::StatusOr<std::shared_ptr<ModelVersion>> ModelRepository::Find(
    absl::string_view model, absl::string_view version) const {
  const auto found = models_.find(std::string(model));
  if (found == models_.end()) {
    return absl::NotFoundError(
        absl::StrCat("model \"", model, "\" is not served; served are: ",
                     absl::StrJoin(models_, ", ", [](std::string* out, const auto& entry) {
                       AppendQuoted(out, entry.first);
                     })));
  }
  const Versions& versions = found->second;
  const std::shared_ptr<ModelVersion>& newest = versions.rbegin()->second;
  if (version.empty()) return newest;

  int64_t number = 0;
  if (!absl::SimpleAtoi(version, &number)) {
    const std::map<std::string, int64_t>& labels = newest->spec.version_labels;
    const auto label = labels.find(std::string(version));
    if (label == labels.end()) {
      return absl::NotFoundError(absl::StrCat(
          "model \"", model, "\" has no version label \"", version, "\"; its labels are: ",
          absl::StrJoin(labels, ", ", [](std::string* out, const auto& entry) {
            AppendQuoted(out, entry.first);
          })));
    }
    number = label->second;
  }
  const auto by_number = versions.find(number);
  if (by_number == versions.end()) {
    return absl::NotFoundError(
        absl::StrCat("version ", number, " of model \"", model, "\" is not served; served are: ",
                     absl::StrJoin(versions, ", ", [](std::string* out, const auto& entry) {
                       absl::StrAppend(out, entry.first);
                     })));
  }
  return by_number->second;
}

std::vector<std::shared_ptr<ModelVersion>> ModelRepository::List() const {
  std::vector<std::shared_ptr<ModelVersion>> result;
  for (const auto& [name, versions] : models_) {
    for (const auto& [number, version] : versions) result.push_back(version);
  }
  return result;
}

}  // namespace localmamba
