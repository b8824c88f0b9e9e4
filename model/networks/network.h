// A backbone alone or with a head: one definition for serving and for training.
#ifndef LOCALMAMBA_MODEL_NETWORKS_NETWORK_H_
#define LOCALMAMBA_MODEL_NETWORKS_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/autograd/op_context.h"
#include "model/autograd/value.h"
#include "model/networks/network_config.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

// What a detector finds, best first, K objects an image at most; rows from counts[b] on mean nothing.
struct Detections {
  Value boxes;        // (B, K, 4), float32, in coordinates of the network's input
  Value scores;       // (B, K), float32
  Value classes;      // (B, K), i32
  Value counts;       // (B), i32
  Value mask_logits;  // (B, R, M, M), float32; counts[b] <= R <= K, and R = K but on the CPU
};

struct NetworkOutput {
  // (B, num_classes), of a segmenter (B, H, W, num_classes); empty of others.
  Value logits;
  Value pooled;  // (B, width) that a classifier's head sees: the embedding; empty of others
  std::optional<Detections> detections;  // of a detector
  // Per out_index, after its outnorm: (B, C, H, W), or (B, H, W, C) if ForwardOptions say so.
  std::vector<Value> features;
  // If ForwardOptions ask for it: what heads make on their way, by the names of their parts, maps
  // channels first.
  std::vector<std::pair<std::string, Value>> stages;
};

struct ForwardOptions {
  // Height and width of each image, (B, 2), float32, on the context's device: an image lies at the
  // top left of its input, and no box goes beyond it. For detectors only, which need it.
  Value sizes;
  bool channels_last_features = false;
  bool stages = false;

  // ---- For training ----

  // Stochastic depth: for each layer (block) the factors of its branch, one per image, (B),
  // float32; an empty value, or no entries at all: 1.
  std::vector<Value> branch_factors;
  // Layers keep their inputs only and are computed again in the backward pass.
  bool recompute = false;

  [[nodiscard]] Value branch_factor(size_t layer) const {
    return branch_factors.empty() ? Value() : branch_factors[layer];
  }
};

// Life of a network: create (declares its parameters), fill parameters(), Pack, then Forward any
// number of times. Pack again after the parameters changed.
class Network {
 public:
  virtual ~Network() = default;

  [[nodiscard]] ParameterSet& parameters() { return parameters_; }
  [[nodiscard]] const ParameterSet& parameters() const { return parameters_; }

  // Derives what the forward pass needs from the parameters, on the context's device and in its
  // dtype: A from A_log, projections stacked over directions. Once at load when serving, every step
  // when training. The context's allocator also gives the memory of what is made on first use of a
  // grid size and kept; it outlives the network. Errors: FAILED_PRECONDITION if a parameter has no
  // value; RESOURCE_EXHAUSTED.
  virtual absl::Status Pack(OpContext& context) = 0;

  // input: (B, 3, H, W) in the context's dtype, normalised; any H and W. What depends on the grid
  // size (scan orders, resized tables) is made on first use of a size and kept for the sizes used
  // last. Safe from several threads, each with a stream of its own. Errors:
  // FAILED_PRECONDITION before Pack; INVALID_ARGUMENT for another shape; RESOURCE_EXHAUSTED.
  virtual absl::StatusOr<NetworkOutput> Forward(OpContext& context, const Value& input,
                                                const ForwardOptions& options) = 0;
  absl::StatusOr<NetworkOutput> Forward(OpContext& context, const Value& input) {
    return Forward(context, input, ForwardOptions());
  }

  // Whether Forward needs ForwardOptions::sizes.
  [[nodiscard]] virtual bool needs_sizes() const { return false; }

  // Layers (LocalVMamba: blocks of all stages), each with a branch beside the residual stream.
  [[nodiscard]] virtual int64_t depth() const = 0;

 protected:
  // The context for what Forward makes and keeps.
  [[nodiscard]] OpContext Keeping(const OpContext& context) const {
    OpContext keeping{context.stream, *kept_allocator_, context.dtype};
    keeping.tape = context.tape;
    keeping.retained = context.retained;
    return keeping;
  }

  // branch * factor for each image, or the branch itself if `factor` is empty.
  static absl::StatusOr<Value> ScaleBranch(OpContext& context, const Value& branch,
                                           const Value& factor);

  ParameterSet parameters_;
  Allocator* kept_allocator_ = nullptr;  // of the last Pack that succeeded; nullptr before
};

// Errors: those of Validate(config).
absl::StatusOr<std::unique_ptr<Network>> CreateNetwork(const NetworkConfig& config);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_NETWORKS_NETWORK_H_
