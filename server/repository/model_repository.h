// The folder of models a server holds: <repo>/<model>/model.json and
// <repo>/<model>/<version>/weights.safetensors.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_MODEL_REPOSITORY_H_
#define LOCALMAMBA_SERVER_REPOSITORY_MODEL_REPOSITORY_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/engine/engine.h"
#include "server/repository/model_folder.h"
#include "server/repository/model_version.h"

namespace localmamba {

struct LoadOptions {
  EngineOptions engine;
  int instance_count = 1;                                // engines of each version
  int64_t max_batch_size = 1;                            // that requests will come in
  std::map<std::string, int64_t> model_max_batch_sizes;  // of models that have another
};

// Keeps nothing of what it reads: the folder may change between calls. Safe from several threads.
class ModelRepository {
 public:
  // Every folder in `path` is a model, except those whose name starts with ".".
  // Errors: NOT_FOUND if `path` is no folder.
  static absl::StatusOr<ModelRepository> Open(const std::string& path, const LoadOptions& options);

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] absl::StatusOr<std::vector<std::string>> ModelNames() const;  // sorted

  // Where a model of that name is or would be.
  [[nodiscard]] std::string ModelPath(absl::string_view model) const;

  // Errors: NOT_FOUND naming the model if there is none; those of ReadModelFolder.
  [[nodiscard]] absl::StatusOr<ModelFolder> Read(absl::string_view model) const;

  // Loads a version of `folder` and warms it up for batches of up to max_batch_size. Errors:
  // INVALID_ARGUMENT or NOT_FOUND, naming file and field, if it does not suit; the code of the
  // cause (no memory, no such device) if it cannot be run; CANCELLED soon after `given_up`, if that
  // is given, has become true.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<ModelVersion>> Load(
      const ModelFolder& folder, int64_t version,
      const std::atomic<bool>* given_up = nullptr) const;

 private:
  ModelRepository(std::string path, const LoadOptions& options)
      : path_(std::move(path)), options_(options) {}

  std::string path_;
  LoadOptions options_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_MODEL_REPOSITORY_H_
