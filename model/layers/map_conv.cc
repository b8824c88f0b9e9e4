#include "model/layers/map_conv.h"

#include <cmath>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {

Initializer XavierUniform(int64_t in, int64_t out, int64_t taps) {
  return {.kind = Initializer::Kind::kUniform,
          .scale = std::sqrt(6.0 / static_cast<double>((in + out) * taps))};
}

Initializer KaimingNormal(int64_t out, int64_t taps) {
  return {.kind = Initializer::Kind::kNormal,
          .scale = std::sqrt(2.0 / static_cast<double>(out * taps))};
}

MapConv::MapConv(ParameterSet& parameters, const std::string& name, int64_t in, int64_t out,
                 int64_t kernel, Bias bias, const Initializer& weight_init)
    : kernel_(kernel),
      weight_parameter_(
          parameters.Declare(name + ".weight", {out, in, kernel, kernel}, weight_init)) {
  if (bias == Bias::kZero) bias_parameter_ = parameters.Declare(name + ".bias", {out}, {});
}

absl::Status MapConv::Pack(OpContext& context) {
  LM_ASSIGN_OR_RETURN(const Value weight,
                      PackParameter(context, *weight_parameter_, context.dtype));
  LM_ASSIGN_OR_RETURN(weight_, ChannelsLast(context, weight));
  if (bias_parameter_ != nullptr) {
    LM_ASSIGN_OR_RETURN(bias_, PackParameter(context, *bias_parameter_, DType::kFloat32));
  }
  return absl::OkStatus();
}

absl::Status MapConv::PackScaled(OpContext& context, const Value& scale, const Value& shift) {
  LM_CHECK(bias_parameter_ == nullptr);
  LM_ASSIGN_OR_RETURN(const Value weight,
                      PackParameter(context, *weight_parameter_, DType::kFloat32));
  LM_ASSIGN_OR_RETURN(const Value scaled, ops::ScaleImages(context, weight, scale));
  LM_ASSIGN_OR_RETURN(const Value rounded, ops::Convert(context, scaled, context.dtype));
  LM_ASSIGN_OR_RETURN(weight_, ChannelsLast(context, rounded));
  bias_ = shift;
  return absl::OkStatus();
}

absl::StatusOr<Value> MapConv::ChannelsLast(OpContext& context, const Value& weight) const {
  const int64_t out = weight.dim(0);
  const int64_t in = weight.dim(1);
  if (kernel_ == 1) return ops::Reshape(context, weight, {out, in});
  const Value taps_last = ops::Reshape(context, weight, {out, in, kernel_ * kernel_});
  LM_ASSIGN_OR_RETURN(const Value taps_first, ops::TransposeTokens(context, taps_last));
  return ops::Reshape(context, taps_first, {out, kernel_, kernel_, in});
}

absl::StatusOr<Value> MapConv::Forward(OpContext& context, const Value& x,
                                       const Options& options) const {
  if (kernel_ == 1) {
    return ops::Linear(context, x, weight_, bias_,
                       {.activation = options.activation, .residual = options.residual});
  }
  LM_CHECK(options.residual.empty());
  return ops::MapConv2d(context, x, weight_, bias_, {.pad = kernel_ / 2}, options.activation);
}

}  // namespace localmamba
