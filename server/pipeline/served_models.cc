#include "server/pipeline/served_models.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/status_macros.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {

absl::StatusOr<std::unique_ptr<ServedModels>> ServedModels::Start(
    std::unique_ptr<const ModelRepository> repository, const ServedVersion::Options& options,
    Allocator& host_allocator, Clock& clock, ServerMetrics& metrics) {
  std::unique_ptr<ServedModels> models(new ServedModels(std::move(repository)));
  for (const std::shared_ptr<ModelVersion>& version : models->repository_->List()) {
    LM_ASSIGN_OR_RETURN(models->served_[version.get()],
                        ServedVersion::Start(version, options, host_allocator, clock, metrics));
  }
  return models;
}

absl::StatusOr<ServedVersion*> ServedModels::Find(absl::string_view model,
                                                  absl::string_view version) const {
  std::string only;
  if (model.empty()) {
    const std::vector<std::string> names = ModelNames();
    if (names.size() != 1) {
      return Reject(RejectReason::kInvalidRequest,
                    absl::InvalidArgumentError(absl::StrCat(
                        "model.name: empty, which means the only model of a server that holds "
                        "one; wanted one of: ",
                        absl::StrJoin(names, ", "))));
    }
    only = names.front();
    model = only;
  }
  absl::StatusOr<std::shared_ptr<ModelVersion>> found = repository_->Find(model, version);
  if (!found.ok()) return Reject(RejectReason::kUnknownModel, found.status());
  return served_.at(found->get()).get();
}

std::vector<const ServedVersion*> ServedModels::List() const {
  std::vector<const ServedVersion*> result;
  for (const std::shared_ptr<ModelVersion>& version : repository_->List()) {
    result.push_back(served_.at(version.get()).get());
  }
  return result;
}

std::vector<std::string> ServedModels::ModelNames() const {
  std::vector<std::string> names;
  for (const std::shared_ptr<ModelVersion>& version : repository_->List()) {
    if (names.empty() || names.back() != version->model) names.push_back(version->model);
  }
  return names;
}

}  // namespace localmamba::server
