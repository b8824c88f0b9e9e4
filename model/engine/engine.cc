#include "model/engine/engine.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/engine/cpu_engine.h"
#include "model/engine/graph_engine.h"

namespace localmamba {

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(std::unique_ptr<Network> network,
                                                       const EngineOptions& options) {
  if (!options.device.is_cpu()) return GraphEngine::Create(std::move(network), options);
  if (options.dtype != DType::kFloat32) {
    return absl::UnimplementedError(
        absl::StrCat("engine: ", ToString(options.dtype), " on cpu, wanted f32"));
  }
  return CpuEngine::Create(std::move(network), options);
}

}  // namespace localmamba
