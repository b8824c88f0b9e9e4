// Convolutions 3 x 3 of one width, each with ReLU and, in some heads, a LayerNorm over the channels
// before it: `<prefix>i.conv` and `<prefix>i.norm_layer`.
#ifndef LOCALMAMBA_MODEL_HEADS_CONV_STACK_H_
#define LOCALMAMBA_MODEL_HEADS_CONV_STACK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/layers/map_conv.h"
#include "model/layers/norm_layer.h"

namespace localmamba {

class ConvStack {
 public:
  // With `norm` the convolutions have no bias.
  ConvStack(ParameterSet& parameters, const std::string& prefix, int64_t count, int64_t channels,
            bool norm);

  absl::Status Pack(OpContext& context);
  // (B, H, W, channels) → the same shape.
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& x) const;

 private:
  std::vector<MapConv> convs_;
  std::vector<NormLayer> norms_;  // none, or one per convolution
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_CONV_STACK_H_
