// SCAttn (paper §4.1; BiAttn in the official code): weights for the channels, and optionally the
// tokens, of each direction's output, computed from that output. Shared by the directions.
#ifndef LOCALMAMBA_MODEL_LAYERS_CHANNEL_ATTENTION_H_
#define LOCALMAMBA_MODEL_LAYERS_CHANNEL_ATTENTION_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/layers/linear_layer.h"
#include "model/layers/mixer_config.h"
#include "model/layers/norm_layer.h"

namespace localmamba {

class ChannelAttention {
 public:
  // Declares norm, global_reduce and channel_select, with the spatial branch local_reduce and
  // spatial_select too; nothing for kNone.
  ChannelAttention(ParameterSet& parameters, const std::string& prefix, const MixerConfig& config);

  absl::Status Pack(OpContext& context);

  // o: (K, B, L, D) → o with its weights, ready for ops::MergeDirections.
  [[nodiscard]] absl::StatusOr<ops::MergeOperands> Forward(OpContext& context,
                                                           const Value& o) const;

 private:
  struct ChannelBranch {
    NormLayer norm;
    LinearLayer global_reduce;
    LinearLayer channel_select;
  };
  struct SpatialBranch {
    LinearLayer local_reduce;
    LinearLayer spatial_select;
    Value local_weight;   // (1, r), the half of spatial_select for the token's own features
    Value global_weight;  // (1, r), the half for those of the whole map
  };

  absl::Status PackSpatial(OpContext& context);
  // Fills operands.local and operands.global. reduced: (K, B, r).
  absl::Status ForwardSpatial(OpContext& context, const Value& reduced,
                              ops::MergeOperands& operands) const;

  int64_t reduced_width_;
  std::optional<ChannelBranch> channel_;
  std::optional<SpatialBranch> spatial_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_CHANNEL_ATTENTION_H_
