#include "trainer/initial_weights.h"

#include <utility>

#include "absl/strings/match.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/networks/adapt_checkpoint.h"
#include "model/weights/initialize.h"
#include "model/weights/load_weights.h"
#include "model/weights/torch_checkpoint.h"

namespace localmamba::trainer {

absl::Status FillInitialWeights(const std::string& path, int64_t seed, const NetworkConfig& config,
                                Network& network, Allocator& memory) {
  ParameterSet& parameters = network.parameters();
  if (path.empty()) return InitializeParameters(parameters, static_cast<uint64_t>(seed), memory);
  if (absl::EndsWith(path, ".safetensors")) return LoadWeights(path, memory, parameters);
  LM_ASSIGN_OR_RETURN(TorchCheckpoint checkpoint, ReadTorchCheckpoint(path));
  absl::StatusOr<AdaptedCheckpoint> adapted =
      AdaptCheckpoint(std::move(checkpoint.tensors), config, parameters, memory);
  if (!adapted.ok()) return Annotate(adapted.status(), path);
  return Annotate(AssignWeights(adapted->tensors, memory, parameters), path);
}

}  // namespace localmamba::trainer
