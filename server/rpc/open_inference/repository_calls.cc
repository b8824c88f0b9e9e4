#include "server/rpc/open_inference/repository_calls.h"

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/open_inference/quoted.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

constexpr char kReady[] = "READY";
constexpr char kUnavailable[] = "UNAVAILABLE";

absl::Status CheckRepositoryName(const std::string& name) {
  if (name.empty()) return absl::OkStatus();
  return Reject(RejectReason::kInvalidRequest, absl::UnimplementedError(absl::StrCat(
                                                   "repository_name: found ", Quoted(name),
                                                   ", but there is one repository, wanted \"\"")));
}

void SetState(const VersionStatus& version, inference::RepositoryIndexResponse::ModelIndex& entry) {
  switch (version.state) {
    case VersionState::kServing:
      return entry.set_state(kReady);
    case VersionState::kLoading:
      return entry.set_state("LOADING");
    case VersionState::kUnloading:
      return entry.set_state("UNLOADING");
    case VersionState::kUnloaded:
      entry.set_reason("unloaded");
      return entry.set_state(kUnavailable);
    case VersionState::kFailed:
      entry.set_reason(version.message);
      return entry.set_state(kUnavailable);
  }
}

}  // namespace

absl::Status IndexRepository(const ModelManager& models,
                             const inference::RepositoryIndexRequest& request,
                             inference::RepositoryIndexResponse& response) {
  LM_RETURN_IF_ERROR(CheckRepositoryName(request.repository_name()));
  LM_ASSIGN_OR_RETURN(const std::vector<ModelStatus> listed, models.List());
  for (const ModelStatus& model : listed) {
    for (const VersionStatus& version : model.versions) {
      if (request.ready() && version.state != VersionState::kServing) continue;
      auto& entry = *response.add_models();
      entry.set_name(model.name);
      entry.set_version(absl::StrCat(version.version));
      SetState(version, entry);
    }
    if (model.versions.empty() && !request.ready()) {
      auto& entry = *response.add_models();
      entry.set_name(model.name);
      if (model.message.empty()) continue;
      entry.set_state(kUnavailable);
      entry.set_reason(model.message);
    }
  }
  return absl::OkStatus();
}

}  // namespace localmamba::server
