// The engine on a device with its own stream: one recorded graph for every input shape.
//
// The first run of a shape runs the network once to make what it keeps (scan maps, library plans),
// then records the same operations as a graph; later runs copy the input to pinned memory and the
// device, launch the graph and copy the outputs back. Batches are rounded up to the next size of
// the form 2^k or 3 * 2^k, so that few shapes exist.
#ifndef LOCALMAMBA_MODEL_ENGINE_GRAPH_ENGINE_H_
#define LOCALMAMBA_MODEL_ENGINE_GRAPH_ENGINE_H_

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/device/arena.h"
#include "kernels/device/graph.h"
#include "kernels/device/stopwatch.h"
#include "model/engine/engine.h"

namespace localmamba {

class GraphEngine final : public Engine {
 public:
  // Errors: as Engine::Create.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(std::unique_ptr<Network> network,
                                                        const EngineOptions& options);

  // If the device's memory does not suffice for another shape, the graphs of all other shapes are
  // dropped first.
  absl::StatusOr<EngineOutput> Run(const ConstTensorView& input) override;
  absl::StatusOr<std::vector<OperationProfile>> Profile(const ConstTensorView& input) override;
  [[nodiscard]] const Network& network() const override { return *network_; }
  [[nodiscard]] size_t peak_activation_bytes() const override { return arena_.peak_bytes(); }

 private:
  // Everything of one input shape. Tensors named host are pinned.
  struct Bucket {
    Tensor host_input;
    Tensor input;
    // float32: logits, pooled, features; empty where the network has none.
    std::vector<Tensor> outputs;
    std::vector<Tensor> host_outputs;
    std::unique_ptr<Graph> graph;
  };
  using BucketKey = std::pair<DType, std::vector<int64_t>>;

  GraphEngine(std::unique_ptr<Allocator> memory, std::unique_ptr<Allocator> pinned, Stream stream,
              std::unique_ptr<Network> network, const EngineOptions& options)
      : memory_(std::move(memory)),
        pinned_(std::move(pinned)),
        kept_(*memory_),
        arena_(*memory_),
        stream_(std::move(stream)),
        network_(std::move(network)),
        options_(options) {}

  absl::StatusOr<Bucket*> FindOrMakeBucket(DType dtype, const Shape& shape);
  absl::StatusOr<Bucket> MakeBucket(DType dtype, const Shape& shape);
  // The bucket of `input`, which is in its host_input then.
  absl::StatusOr<Bucket*> Stage(const ConstTensorView& input);
  // Enqueues the network on the bucket's input.
  absl::StatusOr<std::vector<Tensor>> Forward(const Tensor& input, Profiler* profiler = nullptr);
  static absl::StatusOr<Value> Import(OpContext& context, const Tensor& input,
                                      const PixelNormalization& normalization);
  // float32 copies of logits, pooled and features.
  static absl::StatusOr<std::vector<Tensor>> ToFloat32(OpContext& context,
                                                       const NetworkOutput& output);
  absl::Status Launch(Bucket& bucket);

  // In this order: the network keeps memory of kept_, buckets keep memory of arena_.
  std::unique_ptr<Allocator> memory_;
  std::unique_ptr<Allocator> pinned_;
  // What the network keeps between runs. Not in arena_: a recorded graph goes on writing to blocks
  // that were returned there, which is harmless only to what every run writes anew.
  Arena kept_;
  Arena arena_;  // activations
  Stream stream_;
  std::unique_ptr<Stopwatch> stopwatch_;
  std::unique_ptr<Network> network_;
  EngineOptions options_;
  std::map<BucketKey, Bucket> buckets_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_GRAPH_ENGINE_H_
