// Runs one network on one device: the boundary between serving and networks.
#ifndef LOCALMAMBA_MODEL_ENGINE_ENGINE_H_
#define LOCALMAMBA_MODEL_ENGINE_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kernels/tensor/tensor.h"
#include "model/engine/engine_options.h"
#include "model/engine/label_maps.h"
#include "model/engine/pass_profiler.h"
#include "model/networks/network.h"

namespace localmamba {

// Detections (model/networks/network.h), K rows an image.
struct EngineDetections {
  Tensor boxes;        // (B, K, 4)
  Tensor scores;       // (B, K)
  Tensor classes;      // (B, K), i32
  Tensor counts;       // (B), i32
  Tensor mask_logits;  // (B, K, M, M)
};

// In host memory, float32 but for what is said to be i32.
struct EngineOutput {
  Tensor logits;  // (B, num_classes), of a segmenter (B, H, W, num_classes); empty of others
  Tensor pooled;  // (B, width) of a classifier; empty of others
  std::optional<EngineDetections> detections;          // of a detector
  std::vector<ImageLabels> label_maps;                 // of each image, of Segment
  std::vector<Tensor> features;                        // per out_index (B, C, H, W)
  std::vector<std::pair<std::string, Tensor>> stages;  // NetworkOutput::stages if wanted
  absl::Duration compute_time;  // of the network alone, without copies to and from a device
  absl::Duration copy_in_time;  // of the copies to and from a device; none on a CPU
  absl::Duration copy_out_time;
  size_t activation_bytes = 0;  // largest use of device memory by a pass of this shape
};

// Used by one thread at a time; different engines by different threads, also if they share a
// network. Memory comes from an arena: after the first run of a shape, runs of it allocate no
// device memory.
class Engine {
 public:
  virtual ~Engine() = default;

  // Takes a network whose parameters are filled and packs it.
  // Errors: UNIMPLEMENTED for a device or dtype this build lacks; those of Network::Pack.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(std::unique_ptr<Network> network,
                                                        const EngineOptions& options);

  // `count` engines, 1 or more, that share the packed network and may run at once, so that copies
  // of one overlap the work of another. On the CPU each gets an equal part of options.cpu_threads,
  // at least one thread. Errors: those of Create.
  static absl::StatusOr<std::vector<std::unique_ptr<Engine>>> CreateInstances(
      std::unique_ptr<Network> network, const EngineOptions& options, int count);

  // input, in host memory, dense: f32 (B, 3, H, W), already normalised, or u8 (B, H, W, 3) RGB
  // pixels, normalised here. sizes, in host memory, dense: (B, 2), i32, height and width of each
  // image at the top left of its padded input; empty: the whole input. Only a detector asks for
  // them. Waits for the result.
  // Errors: INVALID_ARGUMENT for another dtype or shape, or a size that is larger than the input;
  //         RESOURCE_EXHAUSTED if the device's memory does not suffice; INTERNAL for any other
  //         failure of the device.
  virtual absl::StatusOr<EngineOutput> Run(const ConstTensorView& input,
                                           const ConstTensorView& sizes) = 0;
  absl::StatusOr<EngineOutput> Run(const ConstTensorView& input) { return Run(input, {}); }

  // As Run of a segmenter, but for label maps in place of logits, which are made on the engine's
  // device: many times less to copy from there. Errors also: FAILED_PRECONDITION if the network is
  // no segmenter.
  virtual absl::StatusOr<EngineOutput> Segment(const ConstTensorView& input,
                                               const LabelMapRequest& request) = 0;

  // Runs once and says how long each operation of the pass took, in order. Operations of the layers
  // "input" and "output" are the engine's own. Errors: those of Run.
  virtual absl::StatusOr<std::vector<OperationProfile>> Profile(const ConstTensorView& input) = 0;

  [[nodiscard]] virtual const Network& network() const = 0;

  // The batch sizes to run once before serving batches of up to `max_batch` images, so that none of
  // them has to wait for memory and plans: largest first.
  [[nodiscard]] virtual std::vector<int64_t> WarmUpBatches(int64_t max_batch) const = 0;
  // How many images a run of `batch` images really computes: more if it is padded.
  [[nodiscard]] virtual int64_t PaddedBatch(int64_t batch) const { return batch; }
  // Gives back the memory that runs have taken; later runs take it anew.
  virtual void ReleaseMemory() = 0;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_ENGINE_H_
