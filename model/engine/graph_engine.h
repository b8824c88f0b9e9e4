// The engine on a device with its own stream: one recorded graph for every input shape.
//
// The first run of a shape runs the network once to make what it keeps (scan maps, library plans),
// then records the same operations as a graph; later runs copy the input to pinned memory and the
// device, launch the graph and copy the outputs back. Batches are rounded up
// (model/engine/batch_buckets.h), so that few shapes exist; the graphs of those used last are kept.
#ifndef LOCALMAMBA_MODEL_ENGINE_GRAPH_ENGINE_H_
#define LOCALMAMBA_MODEL_ENGINE_GRAPH_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/base/lru_cache.h"
#include "kernels/device/arena.h"
#include "kernels/device/graph.h"
#include "kernels/device/stopwatch.h"
#include "model/engine/batch_buckets.h"
#include "model/engine/engine.h"
#include "model/engine/label_map_memory.h"
#include "model/engine/packed_network.h"

namespace localmamba {

class GraphEngine final : public Engine {
 public:
  static constexpr size_t kMaxGraphs = 64;

  // `packed` is for a device with streams of its own. Errors: as Engine::Create.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(std::shared_ptr<PackedNetwork> packed);

  // If the device's memory does not suffice for another shape, graphs are dropped until it does,
  // those not used for the longest time first.
  using Engine::Run;
  absl::StatusOr<EngineOutput> Run(const ConstTensorView& input,
                                   const ConstTensorView& sizes) override;
  absl::StatusOr<EngineOutput> Segment(const ConstTensorView& input,
                                       const LabelMapRequest& request) override;
  absl::StatusOr<std::vector<OperationProfile>> Profile(const ConstTensorView& input) override;
  [[nodiscard]] const Network& network() const override { return *packed_->network; }
  [[nodiscard]] std::vector<int64_t> WarmUpBatches(int64_t max_batch) const override {
    return BatchBuckets(max_batch);
  }
  [[nodiscard]] int64_t PaddedBatch(int64_t batch) const override { return BatchBucketFor(batch); }
  void ReleaseMemory() override;

 private:
  // Everything of one input shape. Tensors named host are pinned.
  struct Bucket {
    std::vector<Tensor> retained;  // of the network's, that the graph reads
    Arena::Footprint footprint;    // that the graph writes to
    size_t activation_bytes = 0;
    Tensor host_input;
    Tensor input;
    Tensor host_sizes;  // as ForwardOptions::sizes; empty where the network needs none
    Tensor sizes;
    // Logits, pooled, what is found, features; empty where the network has none.
    std::vector<Tensor> outputs;
    std::vector<Tensor> host_outputs;
    std::unique_ptr<Graph> graph;
  };
  using BucketKey = std::pair<DType, std::vector<int64_t>>;

  GraphEngine(std::shared_ptr<PackedNetwork> packed, Stream stream)
      : packed_(std::move(packed)),
        pinned_(CreateHostAllocator(packed_->options.device)),
        arena_(*packed_->memory),
        stream_(std::move(stream)) {}

  absl::StatusOr<Bucket*> FindOrMakeBucket(DType dtype, const Shape& shape);
  absl::StatusOr<Bucket> MakeBucket(DType dtype, const Shape& shape);
  // The bucket of `input`, which is in its host_input then, as sizes are in host_sizes.
  absl::StatusOr<Bucket*> Stage(const ConstTensorView& input, const ConstTensorView& sizes);
  absl::Status CopyInputs(Bucket& bucket);
  struct Listeners {
    Profiler* profiler = nullptr;
    std::vector<Tensor>* retained = nullptr;
  };
  // Enqueues the network on the bucket's input.
  absl::StatusOr<std::vector<Tensor>> Forward(const Bucket& bucket, const Listeners& listeners);
  static absl::StatusOr<Value> Import(OpContext& context, const Tensor& input,
                                      const PixelNormalization& normalization);
  // Bucket::outputs: float32 copies of logits, pooled and features, and the detections themselves.
  static absl::StatusOr<std::vector<Tensor>> Outputs(OpContext& context,
                                                     const NetworkOutput& output);
  absl::Status Launch(Bucket& bucket);

  // In this order: buckets keep memory of arena_, pinned_ and packed_.
  std::shared_ptr<PackedNetwork> packed_;
  std::unique_ptr<Allocator> pinned_;
  Arena arena_;  // activations
  Stream stream_;
  std::unique_ptr<Stopwatch> copy_in_;
  std::unique_ptr<Stopwatch> stopwatch_;
  std::unique_ptr<Stopwatch> copy_out_;
  LruCache<BucketKey, Bucket> buckets_{kMaxGraphs};
  LabelMapMemory label_maps_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_GRAPH_ENGINE_H_
