// The engine on the CPU: operations one after the other on the calling thread and its workers.
#ifndef LOCALMAMBA_MODEL_ENGINE_CPU_ENGINE_H_
#define LOCALMAMBA_MODEL_ENGINE_CPU_ENGINE_H_

#include <memory>
#include <vector>

#include "kernels/device/arena.h"
#include "kernels/device/buffer.h"
#include "kernels/device/stream.h"
#include "model/autograd/op_context.h"
#include "model/engine/engine.h"

namespace localmamba {

class CpuEngine final : public Engine {
 public:
  // options: for the CPU and float32. Errors: as Engine::Create.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(std::unique_ptr<Network> network,
                                                        const EngineOptions& options);

  absl::StatusOr<EngineOutput> Run(const ConstTensorView& input) override;
  absl::StatusOr<std::vector<OperationProfile>> Profile(const ConstTensorView& input) override;
  [[nodiscard]] const Network& network() const override { return *network_; }
  [[nodiscard]] size_t peak_activation_bytes() const override { return arena_.peak_bytes(); }

 private:
  CpuEngine(std::unique_ptr<Allocator> heap, Stream stream, std::unique_ptr<Network> network,
            const PixelNormalization& normalization)
      : heap_(std::move(heap)),
        arena_(*heap_),
        stream_(std::move(stream)),
        network_(std::move(network)),
        normalization_(normalization) {}

  absl::StatusOr<NetworkOutput> Forward(const ConstTensorView& input, Profiler* profiler);
  // The network's input tensor.
  static absl::StatusOr<Value> Import(OpContext& context, const ConstTensorView& input,
                                      const PixelNormalization& normalization);

  // In this order: the network keeps memory of the heap.
  std::unique_ptr<Allocator> heap_;
  Arena arena_;
  Stream stream_;
  std::unique_ptr<Network> network_;
  PixelNormalization normalization_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_CPU_ENGINE_H_
