#include "server/repository/model_repository.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;

}  // namespace

absl::StatusOr<ModelRepository> ModelRepository::Open(const std::string& path,
                                                      const LoadOptions& options) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return absl::NotFoundError(absl::StrCat(path, ": is no folder of models"));
  }
  return ModelRepository(path, options);
}

absl::StatusOr<std::vector<std::string>> ModelRepository::ModelNames() const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    std::error_code dangling;  // a symbolic link
    if (absl::StartsWith(name, ".") || !it->is_directory(dangling)) continue;
    names.push_back(std::move(name));
  }
  if (error) return absl::InternalError(absl::StrCat(path_, ": cannot list: ", error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

std::string ModelRepository::ModelPath(absl::string_view model) const {
  return (fs::path(path_) / std::string(model)).string();
}

absl::StatusOr<ModelFolder> ModelRepository::Read(absl::string_view model) const {
  LM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ModelNames());
  if (!std::binary_search(names.begin(), names.end(), model)) {
    return absl::NotFoundError(
        absl::StrCat("model \"", model, "\" is not in the repository ", path_));
  }
  return ReadModelFolder(ModelPath(model));
}

absl::StatusOr<std::shared_ptr<ModelVersion>> ModelRepository::Load(
    const ModelFolder& folder, int64_t version, const std::atomic<bool>* given_up) const {
  LM_ASSIGN_OR_RETURN(std::shared_ptr<ModelVersion> loaded,
                      LoadModelVersion(folder, version, options_.engine, options_.instance_count));
  const auto own = options_.model_max_batch_sizes.find(folder.name);
  const int64_t max_batch_size =
      own == options_.model_max_batch_sizes.end() ? options_.max_batch_size : own->second;
  LM_RETURN_IF_ERROR(
      Annotate(WarmUp(*loaded, max_batch_size, given_up), VersionPath(folder.path, version)));
  return loaded;
}

}  // namespace localmamba
