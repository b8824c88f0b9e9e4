// SS2D, the mixer of LocalVMamba (reference §4.3): depthwise 3x3 convolution, one scan per
// direction over its result, LayerNorm of the merged directions gated by z.
//
// x_proj acts on single tokens, so it commutes with the scan orders: one matrix product over the
// tokens in storage order computes step, B and C of all directions.
#ifndef LOCALMAMBA_MODEL_LAYERS_SS2D_H_
#define LOCALMAMBA_MODEL_LAYERS_SS2D_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/layers/channel_attention.h"
#include "model/layers/depthwise_conv_parameters.h"
#include "model/layers/direction_weights.h"
#include "model/layers/linear_layer.h"
#include "model/layers/mixer_config.h"
#include "model/layers/norm_layer.h"
#include "model/layers/scan_maps.h"

namespace localmamba {

class Ss2d {
 public:
  Ss2d(ParameterSet& parameters, const std::string& prefix, const MixerConfig& config);

  absl::Status Pack(OpContext& context);

  // SS2D(x) + residual. x, residual (optional): (B, H, W, C). maps: one per direction, for the
  // H x W grid.
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& x,
                                              const Value& residual,
                                              absl::Span<const ScanMaps> maps) const;

 private:
  // Parameters of all directions, stacked.
  struct StackedParameters {
    Parameter* x_proj_weight;    // (K, R+2N, D)
    Parameter* dt_projs_weight;  // (K, D, R)
    Parameter* dt_projs_bias;    // (K, D)
    Parameter* A_logs;           // (K*D, N)
    Parameter* Ds;               // (K*D)
  };
  struct Direction {
    Value delta_weight;
    Value delta_bias;
    Value A;
    Value D;
  };

  static StackedParameters DeclareStacked(ParameterSet& parameters, const std::string& prefix,
                                          const MixerConfig& config);
  absl::Status PackStacked(OpContext& context);
  // u: (B, L, D) → (K, B, L, D).
  [[nodiscard]] absl::StatusOr<Value> Scan(OpContext& context, const Value& u,
                                           absl::Span<const ScanMaps> maps) const;

  // In the official order of parameters.
  MixerConfig config_;
  StackedParameters stacked_;
  NormLayer out_norm_;
  LinearLayer in_proj_;
  DepthwiseConvParameters conv2d_;
  LinearLayer out_proj_;
  DirectionWeights direction_weights_;
  ChannelAttention attention_;

  int64_t rank_ = 0;     // R and the padding after it
  Value x_proj_weight_;  // (K*(rank+2N), D)
  std::vector<Direction> directions_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_SS2D_H_
