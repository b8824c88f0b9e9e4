// A network as the backbone of a larger model.
#ifndef LOCALMAMBA_MODEL_HEADS_BACKBONE_H_
#define LOCALMAMBA_MODEL_HEADS_BACKBONE_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/networks/network.h"

namespace localmamba {

// A feature map of a network: what a neck or head is built for.
struct FeatureShape {
  int64_t channels = 0;
  int64_t stride = 1;  // pixels of the image between neighbouring cells
};

// Of each of out_indices. `config` is valid.
std::vector<FeatureShape> FeatureShapes(const NetworkConfig& config);

// Parameters of the network are declared in the set of the whole model as `backbone.<name>`; the
// network reads those.
class Backbone {
 public:
  // `config` is valid and has out_indices.
  Backbone(ParameterSet& parameters, const NetworkConfig& config);

  absl::Status Pack(OpContext& context);
  // input as for Network::Forward → per out_index (B, H, W, C), after its norm.
  absl::StatusOr<std::vector<Value>> Forward(OpContext& context, const Value& input,
                                             const ForwardOptions& options);

  [[nodiscard]] const Network& network() const { return *network_; }

 private:
  std::unique_ptr<Network> network_;
  // The model's parameter and the network's own.
  std::vector<std::pair<const Parameter*, Parameter*>> parameters_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_BACKBONE_H_
