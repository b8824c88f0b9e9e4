#include "model/layers/channel_attention.h"

#include <utility>

#include "kernels/base/status_macros.h"

namespace localmamba {

using Bias = LinearLayer::Bias;

ChannelAttention::ChannelAttention(ParameterSet& parameters, const std::string& prefix,
                                   const MixerConfig& config)
    : reduced_width_(config.reduced_width()) {
  if (config.attention == AttentionKind::kNone) return;
  const bool with_spatial = config.attention == AttentionKind::kChannelSpatial;
  const int64_t d = config.d_inner();
  const int64_t r = reduced_width_;
  // Declared in the official order, in which the branches alternate.
  NormLayer norm(parameters, prefix + "norm", d);
  LinearLayer global_reduce(parameters, prefix + "global_reduce", d, r, Bias::kZero);
  std::optional<LinearLayer> local_reduce;
  if (with_spatial) local_reduce.emplace(parameters, prefix + "local_reduce", d, r, Bias::kZero);
  LinearLayer channel_select(parameters, prefix + "channel_select", r, d, Bias::kZero);
  channel_.emplace(
      ChannelBranch{std::move(norm), std::move(global_reduce), std::move(channel_select)});
  if (with_spatial) {
    LinearLayer spatial_select(parameters, prefix + "spatial_select", 2 * r, 1, Bias::kZero);
    spatial_.emplace(
        SpatialBranch{*std::move(local_reduce), std::move(spatial_select), Value(), Value()});
  }
}

absl::Status ChannelAttention::Pack(OpContext& context) {
  if (!channel_.has_value()) return absl::OkStatus();
  LM_RETURN_IF_ERROR(channel_->norm.Pack(context));
  // The pooled features are float32, and these products are small.
  LM_RETURN_IF_ERROR(channel_->global_reduce.Pack(context, DType::kFloat32));
  LM_RETURN_IF_ERROR(channel_->channel_select.Pack(context, DType::kFloat32));
  return spatial_.has_value() ? PackSpatial(context) : absl::OkStatus();
}

absl::Status ChannelAttention::PackSpatial(OpContext& context) {
  const int64_t r = reduced_width_;
  LM_RETURN_IF_ERROR(spatial_->local_reduce.Pack(context, context.dtype));
  LM_RETURN_IF_ERROR(spatial_->spatial_select.Pack(context, DType::kFloat32));
  const Value& weight = spatial_->spatial_select.weight();
  LM_ASSIGN_OR_RETURN(spatial_->local_weight,
                      ops::Convert(context, ops::Slice(context, weight, 1, 0, r), context.dtype));
  spatial_->global_weight = ops::Slice(context, weight, 1, r, 2 * r);
  return absl::OkStatus();
}

absl::StatusOr<ops::MergeOperands> ChannelAttention::Forward(OpContext& context,
                                                             const Value& o) const {
  ops::MergeOperands operands{.o = o, .channel = {}, .local = {}, .global = {}, .w = {}};
  if (!channel_.has_value()) return operands;
  const ops::NormOperands& norm = channel_->norm.operands();
  LM_ASSIGN_OR_RETURN(const Value pooled, ops::PooledLayerNorm(context, o, norm.weight, norm.bias));
  LM_ASSIGN_OR_RETURN(const Value reduced, channel_->global_reduce.Forward(
                                               context, pooled, {.activation = Activation::kGelu}));
  LM_ASSIGN_OR_RETURN(
      operands.channel,
      channel_->channel_select.Forward(context, reduced, {.activation = Activation::kSigmoid}));
  if (spatial_.has_value()) LM_RETURN_IF_ERROR(ForwardSpatial(context, reduced, operands));
  return operands;
}

absl::Status ChannelAttention::ForwardSpatial(OpContext& context, const Value& reduced,
                                              ops::MergeOperands& operands) const {
  const Shape& shape = operands.o.shape();  // (K, B, L, D)
  LM_ASSIGN_OR_RETURN(const Value normed, channel_->norm.Forward(context, operands.o));
  LM_ASSIGN_OR_RETURN(const Value local, spatial_->local_reduce.Forward(
                                             context, normed, {.activation = Activation::kGelu}));
  // spatial_select of the concatenation (local, global) is the sum of both halves' products; the
  // second is the same for every token of a map.
  LM_ASSIGN_OR_RETURN(Value logits,
                      ops::Linear(context, local, spatial_->local_weight, /*bias=*/Value()));
  LM_ASSIGN_OR_RETURN(logits, ops::Convert(context, logits, DType::kFloat32));
  operands.local = ops::Reshape(context, logits, {shape[0], shape[1], shape[2]});
  LM_ASSIGN_OR_RETURN(logits, ops::Linear(context, reduced, spatial_->global_weight,
                                          spatial_->spatial_select.bias()));
  operands.global = ops::Reshape(context, logits, {shape[0], shape[1]});
  return absl::OkStatus();
}

}  // namespace localmamba
