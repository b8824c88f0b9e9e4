#include "model/layers/norm_layer.h"

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {

NormLayer::NormLayer(ParameterSet& parameters, const std::string& name, int64_t width,
                     NormKind kind)
    : weight_parameter_(parameters.Declare(name + ".weight", {width},
                                           {.kind = Initializer::Kind::kConstant, .scale = 1})) {
  operands_.kind = kind;
  if (kind == NormKind::kLayer) {
    bias_parameter_ = parameters.Declare(name + ".bias", {width}, {});
  }
}

absl::Status NormLayer::Pack(OpContext& context) {
  LM_ASSIGN_OR_RETURN(operands_.weight,
                      PackParameter(context, *weight_parameter_, DType::kFloat32));
  if (bias_parameter_ != nullptr) {
    LM_ASSIGN_OR_RETURN(operands_.bias, PackParameter(context, *bias_parameter_, DType::kFloat32));
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> NormLayer::Forward(OpContext& context, const Value& x, const Value& z) const {
  LM_CHECK(operands_.kind == NormKind::kLayer);
  return ops::LayerNorm(context, x, operands_.weight, operands_.bias, z);
}

}  // namespace localmamba
