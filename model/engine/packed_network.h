// A network ready to run on a device: what several engines share.
#ifndef LOCALMAMBA_MODEL_ENGINE_PACKED_NETWORK_H_
#define LOCALMAMBA_MODEL_ENGINE_PACKED_NETWORK_H_

#include <memory>

#include "absl/status/statusor.h"
#include "kernels/base/mutex.h"
#include "kernels/device/arena.h"
#include "kernels/device/buffer.h"
#include "model/engine/engine_options.h"
#include "model/networks/network.h"

namespace localmamba {

// Constant after Create but for what the network makes on first use of an image size, which it
// guards itself.
struct PackedNetwork {
  // Takes a network whose parameters are filled. Errors: those of Network::Pack and of the device.
  static absl::StatusOr<std::shared_ptr<PackedNetwork>> Create(std::unique_ptr<Network> network,
                                                               const EngineOptions& options);

  explicit PackedNetwork(std::unique_ptr<Allocator> device_memory)
      : memory(std::move(device_memory)), kept(*memory) {}

  // In this order: the network keeps memory of `kept`.
  std::unique_ptr<Allocator> memory;  // of the device
  // What the network keeps between runs. Not in an engine's arena: a recorded graph goes on writing
  // to blocks that were returned there, which is harmless only to what every run writes anew.
  Arena kept;
  std::unique_ptr<Network> network;
  EngineOptions options;
  // Held by an engine that records a pass: meanwhile no other engine's pass can make the network
  // forget what this one is about to read.
  Mutex recording;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_PACKED_NETWORK_H_
