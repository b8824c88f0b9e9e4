#include "server/rpc/open_inference/repository_calls.h"

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/pipeline/model_index.h"
#include "server/rpc/open_inference/quoted.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr char kReady[] = "READY";

absl::Status CheckRepositoryName(const std::string& name) {
  if (name.empty()) return absl::OkStatus();
  return Reject(RejectReason::kInvalidRequest, absl::UnimplementedError(absl::StrCat(
                                                   "repository_name: found ", Quoted(name),
                                                   ", but there is one repository, wanted \"\"")));
}

}  // namespace

absl::Status IndexRepository(const ModelManager& models,
                             const inference::RepositoryIndexRequest& request,
                             inference::RepositoryIndexResponse& response) {
  LM_RETURN_IF_ERROR(CheckRepositoryName(request.repository_name()));
  LM_ASSIGN_OR_RETURN(const std::vector<ModelStatus> listed, models.List());
  for (const IndexEntry& one : IndexOf(listed)) {
    if (request.ready() && one.state != kReady) continue;
    auto& entry = *response.add_models();
    entry.set_name(one.model);
    if (one.version != 0) entry.set_version(absl::StrCat(one.version));
    entry.set_state(one.state);
    entry.set_reason(one.reason);
  }
  return absl::OkStatus();
}

absl::Status LoadModel(ModelManager& models, const inference::RepositoryModelLoadRequest& request) {
  LM_RETURN_IF_ERROR(CheckRepositoryName(request.repository_name()));
  for (const auto& [key, value] : request.parameters()) {
    if (key == "config" || absl::StartsWith(key, "file:")) {
      return Reject(
          RejectReason::kInvalidRequest,
          absl::UnimplementedError(absl::StrCat("parameter ", Quoted(key),
                                                ": models are loaded from the repository only")));
    }
    return InvalidRequest(absl::StrCat("parameter ", Quoted(key), ": wanted none"));
  }
  return models.LoadModel(request.model_name());
}

absl::Status UnloadModel(ModelManager& models,
                         const inference::RepositoryModelUnloadRequest& request) {
  LM_RETURN_IF_ERROR(CheckRepositoryName(request.repository_name()));
  for (const auto& [key, value] : request.parameters()) {
    if (key == "unload_dependents" && value.has_bool_param()) continue;
    return InvalidRequest(absl::StrCat("parameter ", Quoted(key),
                                       ": wanted none but \"unload_dependents\" as bool_param"));
  }
  return models.UnloadModel(request.model_name());
}

}  // namespace localmamba::server
