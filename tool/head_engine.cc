#include "tool/head_engine.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/heads/create_model.h"
#include "model/weights/load_weights.h"

namespace localmamba::tool {

absl::StatusOr<std::unique_ptr<Engine>> MakeHeadEngine(const VersionOnDisk& version,
                                                       const EngineOptions& options,
                                                       Allocator& memory) {
  const ModelSpec& spec = version.spec;
  LM_ASSIGN_OR_RETURN(std::unique_ptr<Network> model, CreateModel(spec.network, spec.head));
  const std::string path = VersionPath(version.folder.path, version.version);
  LM_RETURN_IF_ERROR(
      LoadWeights(absl::StrCat(path, "/", kWeightsFile), memory, model->parameters()));
  return Engine::Create(std::move(model), options);
}

}  // namespace localmamba::tool
