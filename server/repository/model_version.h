// A version of a model, in memory and ready to run.
#ifndef LOCALMAMBA_SERVER_REPOSITORY_MODEL_VERSION_H_
#define LOCALMAMBA_SERVER_REPOSITORY_MODEL_VERSION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/engine/engine.h"
#include "server/repository/model_folder.h"

namespace localmamba {

// Immutable but for the engine, which one thread uses at a time.
struct ModelVersion {
  std::string model;
  int64_t version = 0;
  ModelSpec spec;
  std::vector<std::string> labels;  // class names, one per class

  std::unique_ptr<Allocator> host_memory;  // of parameters; outlives the engine
  std::unique_ptr<Engine> engine;
};

// Reads weights and labels and makes the engine. `options.normalization` is replaced by that of the
// spec. Without a labels.json class i is called "class_i".
// Errors: INVALID_ARGUMENT or NOT_FOUND naming the file at fault; those of Engine::Create.
absl::StatusOr<std::shared_ptr<ModelVersion>> LoadModelVersion(const ModelFolder& folder,
                                                               int64_t version,
                                                               const EngineOptions& options);

// Runs the engine once on a black image of the size of the spec. Errors: those of Engine::Run.
absl::Status WarmUp(ModelVersion& version);

}  // namespace localmamba

#endif  // LOCALMAMBA_SERVER_REPOSITORY_MODEL_VERSION_H_
