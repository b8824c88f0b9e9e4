// The folder of models a server holds: <repo>/<model>/model.json and
// <repo>/<model>/<version>/weights.safetensors.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_MODEL_REPOSITORY_H_
#define LOCALMAMBA_SERVER_REPOSITORY_MODEL_REPOSITORY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/engine/engine.h"
#include "server/repository/model_version.h"

namespace localmamba {

// Immutable after construction; safe from several threads.
class ModelRepository {
 public:
  // Holds `versions`, each at most once. The labels of a model are those of its newest version.
  explicit ModelRepository(const std::vector<std::shared_ptr<ModelVersion>>& versions);

  // Loads the newest version (largest number) of every model and every version a label points at,
  // and warms it up with one run. Every folder in `path` is a model, except those whose name starts
  // with ".". Errors: NOT_FOUND if `path` is no folder; INVALID_ARGUMENT, naming file and field,
  // for the first model that does not suit; the code of the cause (no memory, no such device) if
  // it cannot be run.
  static absl::StatusOr<std::unique_ptr<ModelRepository>> Open(const std::string& path,
                                                               const EngineOptions& options);

  // The version that a request means: by number ("3"), by label ("stable"), or "" for the newest
  // loaded one. Errors: NOT_FOUND naming the model or version and what exists.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<ModelVersion>> Find(absl::string_view model,
                                                                   absl::string_view version) const;

  [[nodiscard]] std::vector<std::shared_ptr<ModelVersion>> List() const;  // by model, then version

 private:
  using Versions = std::map<int64_t, std::shared_ptr<ModelVersion>>;

  std::map<std::string, Versions, std::less<>> models_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_MODEL_REPOSITORY_H_
