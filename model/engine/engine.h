// Runs one network on one device: the boundary between serving and networks.
#ifndef LOCALMAMBA_MODEL_ENGINE_ENGINE_H_
#define LOCALMAMBA_MODEL_ENGINE_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kernels/device/device.h"
#include "kernels/image/normalize_pixels.h"
#include "kernels/tensor/tensor.h"
#include "model/engine/pass_profiler.h"
#include "model/networks/network.h"

namespace localmamba {

struct EngineOptions {
  Device device = Device::Cpu();
  DType dtype = DType::kFloat32;     // of activations; float32 only on the CPU
  int cpu_threads = 0;               // 0: all the process may use
  PixelNormalization normalization;  // of u8 input
};

// In host memory, float32.
struct EngineOutput {
  Tensor logits;                 // (B, num_classes); empty without a head
  Tensor pooled;                 // (B, width); empty without a head
  std::vector<Tensor> features;  // per out_index (B, C, H, W)
  absl::Duration compute_time;   // of the network alone, without copies to and from a device
};

// Used by one thread at a time. Memory comes from an arena: after the first run of a shape, runs of
// it allocate no device memory.
class Engine {
 public:
  virtual ~Engine() = default;

  // Takes a network whose parameters are filled and packs it.
  // Errors: UNIMPLEMENTED for a device or dtype this build lacks; those of Network::Pack.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(std::unique_ptr<Network> network,
                                                        const EngineOptions& options);

  // input, in host memory, dense: f32 (B, 3, H, W), already normalised, or u8 (B, H, W, 3) RGB
  // pixels, normalised here. Waits for the result. Errors: INVALID_ARGUMENT for another dtype or
  // shape; RESOURCE_EXHAUSTED if the device's memory does not
  //         suffice; INTERNAL for any other failure of the device.
  virtual absl::StatusOr<EngineOutput> Run(const ConstTensorView& input) = 0;

  // Runs once and says how long each operation of the pass took, in order. Operations of the layers
  // "input" and "output" are the engine's own. Errors: those of Run.
  virtual absl::StatusOr<std::vector<OperationProfile>> Profile(const ConstTensorView& input) = 0;

  [[nodiscard]] virtual const Network& network() const = 0;
  // Device memory for activations: largest use of any run so far.
  [[nodiscard]] virtual size_t peak_activation_bytes() const = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_ENGINE_H_
