// Every version a server answers for.
#ifndef LOCALMAMBA_SERVER_PIPELINE_SERVED_MODELS_H_
#define LOCALMAMBA_SERVER_PIPELINE_SERVED_MODELS_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kernels/device/buffer.h"
#include "server/metrics/server_metrics.h"
#include "server/pipeline/served_version.h"
#include "server/repository/model_repository.h"
#include "server/runtime/clock.h"

namespace localmamba::server {

// Immutable after Start; safe from several threads.
class ServedModels {
 public:
  // Starts a queue for each version of `repository`. The references outlive the result.
  // Errors: those of ServedVersion::Start.
  static absl::StatusOr<std::unique_ptr<ServedModels>> Start(
      std::unique_ptr<const ModelRepository> repository, const ServedVersion::Options& options,
      Allocator& host_allocator, Clock& clock, ServerMetrics& metrics);

  // The version a request means. An empty `model` means the only one; an empty `version` the
  // newest. The result lives as long as this. Errors: INVALID_ARGUMENT if `model` is empty and
  // there are several; NOT_FOUND naming the model or version and what exists.
  [[nodiscard]] absl::StatusOr<ServedVersion*> Find(absl::string_view model,
                                                    absl::string_view version) const;

  [[nodiscard]] std::vector<const ServedVersion*> List() const;  // by model, then version
  [[nodiscard]] std::vector<std::string> ModelNames() const;     // sorted, each once

 private:
  explicit ServedModels(std::unique_ptr<const ModelRepository> repository)
      : repository_(std::move(repository)) {}

  const std::unique_ptr<const ModelRepository> repository_;
  std::map<const ModelVersion*, std::unique_ptr<ServedVersion>> served_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_SERVED_MODELS_H_
