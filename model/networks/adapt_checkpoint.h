// Fits the weights of a classification checkpoint to a network that differs from it in ways the
// official code allows for (reference §5.1).
#ifndef LOCALMAMBA_MODEL_NETWORKS_ADAPT_CHECKPOINT_H_
#define LOCALMAMBA_MODEL_NETWORKS_ADAPT_CHECKPOINT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/device/buffer.h"
#include "model/networks/network_config.h"
#include "model/weights/host_tensor.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

struct AdaptedCheckpoint {
  NamedTensors tensors;                  // for AssignWeights, which checks the rest
  std::vector<std::string> resized;      // tables
  std::vector<std::string> initialized;  // parameters the checkpoint lacks
  std::vector<std::string> dropped;      // tensors the network has no use for
};

// - pos_embed and rope.freqs_* of another, square grid are resized bicubically to the grid that the
//   network is built for, and so used in place of tables computed for it.
// - The norms of outputs (outnorm*) and the biases of block norms (in a LayerNorm network of an
//   RMSNorm checkpoint) start as before training where the checkpoint has none.
// - The head and the norm before it (head.*, norm_f.*, classifier.*) are dropped if the network has
//   none.
// `parameters`: of the network of `config`. `allocator`: memory of the CPU, for new tensors.
// Errors: INVALID_ARGUMENT naming a table that is of no square grid; those of `allocator`.
absl::StatusOr<AdaptedCheckpoint> AdaptCheckpoint(NamedTensors tensors, const NetworkConfig& config,
                                                  ParameterSet& parameters, Allocator& allocator);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_NETWORKS_ADAPT_CHECKPOINT_H_
