#include "model/layers/linear_layer.h"

#include "kernels/base/status_macros.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {

LinearLayer::LinearLayer(ParameterSet& parameters, const std::string& name, int64_t in, int64_t out,
                         Bias bias, const Initializer& weight_init)
    : weight_parameter_(parameters.Declare(name + ".weight", {out, in}, weight_init)) {
  if (bias == Bias::kZero) bias_parameter_ = parameters.Declare(name + ".bias", {out}, {});
}

absl::Status LinearLayer::Pack(OpContext& context, DType dtype) {
  LM_ASSIGN_OR_RETURN(weight_, PackParameter(context, *weight_parameter_, dtype));
  if (bias_parameter_ != nullptr) {
    LM_ASSIGN_OR_RETURN(bias_, PackParameter(context, *bias_parameter_, DType::kFloat32));
  }
  return absl::OkStatus();
}

absl::Status LinearLayer::InsertZeros(OpContext& context, int dim, int64_t position,
                                      int64_t count) {
  LM_ASSIGN_OR_RETURN(weight_, ops::InsertZeros(context, weight_, dim, position, count));
  return absl::OkStatus();
}

absl::StatusOr<Value> LinearLayer::Forward(OpContext& context, const Value& x,
                                           const ops::LinearOptions& options) const {
  return ops::Linear(context, x, weight_, bias_, options);
}

}  // namespace localmamba
