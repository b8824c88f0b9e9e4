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
  LM_ASSIGN_OR_RETURN(weight_, PackParameter(context, *weight_parameter_, context.dtype));
  const int64_t out = weight_.dim(0);
  const int64_t in = weight_.dim(1);
  if (kernel_ == 1) {
    weight_ = ops::Reshape(context, weight_, {out, in});
  } else {
    const Value taps_last = ops::Reshape(context, weight_, {out, in, kernel_ * kernel_});
    LM_ASSIGN_OR_RETURN(weight_, ops::TransposeTokens(context, taps_last));
    weight_ = ops::Reshape(context, weight_, {out, kernel_, kernel_, in});
  }
  if (bias_parameter_ != nullptr) {
    LM_ASSIGN_OR_RETURN(bias_, PackParameter(context, *bias_parameter_, DType::kFloat32));
  }
  return absl::OkStatus();
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
