#include "model/engine/engine.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/engine/cpu_engine.h"

namespace localmamba {

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(std::unique_ptr<Network> network,
                                                       const EngineOptions& options) {
  if (!options.device.is_cpu() || options.dtype != DType::kFloat32) {
    return absl::UnimplementedError(absl::StrCat("engine: ", ToString(options.dtype), " on ",
                                                 options.device.ToString(), ", wanted f32 on cpu"));
  }
  return CpuEngine::Create(std::move(network), options);
}

}  // namespace localmamba
