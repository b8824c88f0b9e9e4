// Parameters and multiply-accumulate operations of a network, per layer and in total.
#ifndef LOCALMAMBA_MODEL_NETWORKS_COMPLEXITY_H_
#define LOCALMAMBA_MODEL_NETWORKS_COMPLEXITY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/networks/network_config.h"

namespace localmamba {

struct LayerComplexity {
  std::string name;        // prefix of its parameters: "patch_embed", "layers.3", "head", ...
  int64_t parameters = 0;  // trainable elements
  // As the official counters count for one image (reference §1.4). Both are approximations of their
  // own: the one for LocalVim counts the causal convolution, x_proj, dt_proj and the attention for
  // one direction only.
  int64_t official_macs = 0;
  // The same with everything counted for every direction.
  int64_t macs = 0;
};

struct Complexity {
  std::vector<LayerComplexity> layers;  // in the order of the forward pass
  LayerComplexity total;                // named "total"
};

// For one image of height x width pixels, 1 or more (LocalVMamba: patch_size or more).
// Errors: those of Validate(config); INVALID_ARGUMENT for a smaller image.
absl::StatusOr<Complexity> CountComplexity(const NetworkConfig& config, int64_t height,
                                           int64_t width);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_NETWORKS_COMPLEXITY_H_
