// The engine on the CPU: operations one after the other on the calling thread and its workers.
#ifndef LOCALMAMBA_MODEL_ENGINE_CPU_ENGINE_H_
#define LOCALMAMBA_MODEL_ENGINE_CPU_ENGINE_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/device/arena.h"
#include "kernels/device/stream.h"
#include "model/autograd/op_context.h"
#include "model/engine/engine.h"
#include "model/engine/packed_network.h"

namespace localmamba {

class CpuEngine final : public Engine {
 public:
  // `packed` is for the CPU and float32. Errors: as Engine::Create.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(std::shared_ptr<PackedNetwork> packed,
                                                        int threads);

  using Engine::Run;
  absl::StatusOr<EngineOutput> Run(const ConstTensorView& input,
                                   const ConstTensorView& sizes) override;
  absl::StatusOr<EngineOutput> Segment(const ConstTensorView& input,
                                       const LabelMapRequest& request) override;
  absl::StatusOr<std::vector<OperationProfile>> Profile(const ConstTensorView& input) override;
  [[nodiscard]] const Network& network() const override { return *packed_->network; }
  // Nothing but memory is made on a first run, and it is had at once; the two sizes between which
  // the time of the others lies.
  [[nodiscard]] std::vector<int64_t> WarmUpBatches(int64_t max_batch) const override {
    return max_batch > 1 ? std::vector<int64_t>{max_batch, 1} : std::vector<int64_t>{1};
  }
  void ReleaseMemory() override { arena_.ReleaseUnused(); }

 private:
  CpuEngine(std::shared_ptr<PackedNetwork> packed, Stream stream)
      : packed_(std::move(packed)), arena_(*packed_->memory), stream_(std::move(stream)) {}

  absl::StatusOr<NetworkOutput> Forward(const ConstTensorView& input, const ConstTensorView& sizes,
                                        Profiler* profiler);
  // The network's input tensor.
  static absl::StatusOr<Value> Import(OpContext& context, const ConstTensorView& input,
                                      const PixelNormalization& normalization);

  std::shared_ptr<PackedNetwork> packed_;
  Arena arena_;  // activations
  Stream stream_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_CPU_ENGINE_H_
