#include "model/engine/packed_network.h"

#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"

namespace localmamba {

absl::StatusOr<std::shared_ptr<PackedNetwork>> PackedNetwork::Create(
    std::unique_ptr<Network> network, const EngineOptions& options) {
  LM_ASSIGN_OR_RETURN(std::unique_ptr<Allocator> memory, CreateDeviceAllocator(options.device));
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(options.device, options.cpu_threads));
  auto packed = std::make_shared<PackedNetwork>(std::move(memory));
  packed->network = std::move(network);
  packed->options = options;
  OpContext context{stream, packed->kept, options.dtype};
  LM_RETURN_IF_ERROR(packed->network->Pack(context));
  LM_RETURN_IF_ERROR(stream.Synchronize());
  return packed;
}

}  // namespace localmamba
