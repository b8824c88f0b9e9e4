// The mixer of LocalVim (reference §3.3): a Mamba block whose causal convolution and scan run once
// per direction, each with its own parameters, gated by z before the directions are merged.
#ifndef LOCALMAMBA_MODEL_LAYERS_MAMBA_MIXER_H_
#define LOCALMAMBA_MODEL_LAYERS_MAMBA_MIXER_H_

#include <cstdint>
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
#include "model/layers/scan_maps.h"

namespace localmamba {

class MambaMixer {
 public:
  // `conv_width`: taps of the causal convolution. `depth`: layers of the network, by which the
  // initial out_proj is scaled.
  MambaMixer(ParameterSet& parameters, const std::string& prefix, const MixerConfig& config,
             int64_t conv_width, int64_t depth);

  absl::Status Pack(OpContext& context);

  // x: (B, T, E) → (B, T, E). maps: one per direction, for the grid of the T tokens (and its class
  // token).
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& x,
                                              absl::Span<const ScanMaps> maps) const;

 private:
  // What each direction has for itself. Two structs, because the official order of parameters has
  // all states first.
  struct State {
    Parameter* A_log_parameter;
    Parameter* D_parameter;
    Value A;
    Value D;
  };
  struct Projections {
    DepthwiseConvParameters conv1d;
    LinearLayer x_proj;
    LinearLayer dt_proj;
  };

  static std::vector<State> DeclareStates(ParameterSet& parameters, const std::string& prefix,
                                          const MixerConfig& config);
  static std::vector<Projections> DeclareProjections(ParameterSet& parameters,
                                                     const std::string& prefix,
                                                     const MixerConfig& config, int64_t conv_width);
  // xz: (B, T, 2D) → (K, B, T, D), gated.
  [[nodiscard]] absl::StatusOr<Value> Scan(OpContext& context, const Value& xz,
                                           absl::Span<const ScanMaps> maps) const;

  // In the official order of parameters.
  MixerConfig config_;
  std::vector<State> states_;
  LinearLayer in_proj_;
  DirectionWeights direction_weights_;
  std::vector<Projections> projections_;
  LinearLayer out_proj_;
  ChannelAttention attention_;

  int64_t rank_ = 0;  // R and the padding after it
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_MAMBA_MIXER_H_
