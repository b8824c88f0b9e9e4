#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "server/repository/model_folder.h"
#include "server/repository/model_repository.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::vector<std::string>> ListModelPaths(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return absl::NotFoundError(absl::StrCat(path, ": is no folder of models"));
  }
  std::vector<std::string> paths;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (absl::StartsWith(it->path().filename().string(), ".") || !it->is_directory(error)) continue;
    paths.push_back(it->path().string());
  }
  if (error) return absl::InternalError(absl::StrCat(path, ": cannot list: ", error.message()));
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The newest and those that labels point at, ascending.
absl::StatusOr<std::set<int64_t>> VersionsToLoad(const ModelFolder& folder) {
  LM_ASSIGN_OR_RETURN(const int64_t newest, ResolveVersion(folder, ""));
  std::set<int64_t> versions = {newest};
  for (const auto& [label, version] : folder.spec.version_labels) versions.insert(version);
  return versions;
}

absl::Status LoadModel(const std::string& path, const EngineOptions& options,
                       std::vector<std::shared_ptr<ModelVersion>>& loaded) {
  LM_ASSIGN_OR_RETURN(const ModelFolder folder, ReadModelFolder(path));
  LM_ASSIGN_OR_RETURN(const std::set<int64_t> versions, VersionsToLoad(folder));
  for (const int64_t number : versions) {
    LM_ASSIGN_OR_RETURN(std::shared_ptr<ModelVersion> version,
                        LoadModelVersion(folder, number, options));
    LM_RETURN_IF_ERROR(Annotate(WarmUp(*version), VersionPath(path, number)));
    loaded.push_back(std::move(version));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelRepository>> ModelRepository::Open(
    const std::string& path, const EngineOptions& options) {
  LM_ASSIGN_OR_RETURN(const std::vector<std::string> paths, ListModelPaths(path));
  std::vector<std::shared_ptr<ModelVersion>> loaded;
  for (const std::string& model : paths) {
    const absl::Status status = LoadModel(model, options, loaded);
    // What a model lacks is wrong with the repository; only the repository itself is not found.
    if (absl::IsNotFound(status)) return absl::InvalidArgumentError(status.message());
    LM_RETURN_IF_ERROR(status);
  }
  return std::make_unique<ModelRepository>(loaded);
}

}  // namespace localmamba
