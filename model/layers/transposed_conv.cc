#include "model/layers/transposed_conv.h"

#include "kernels/base/status_macros.h"
#include "model/autograd/detection_operations.h"
#include "model/autograd/operations.h"
#include "model/layers/map_conv.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {

TransposedConv::TransposedConv(ParameterSet& parameters, const std::string& name, int64_t in,
                               int64_t out)
    : weight_parameter_(
          parameters.Declare(name + ".weight", {in, out, 2, 2}, KaimingNormal(out, 4))),
      bias_parameter_(parameters.Declare(name + ".bias", {out}, {})) {}

absl::Status TransposedConv::Pack(OpContext& context) {
  LM_ASSIGN_OR_RETURN(const Value official,
                      PackParameter(context, *weight_parameter_, context.dtype));
  const int64_t in = official.dim(0);
  const int64_t out = official.dim(1);
  // (in, out, window) → (in, window, out) → (window, out, in)
  LM_ASSIGN_OR_RETURN(const Value window_first,
                      ops::TransposeTokens(context, ops::Reshape(context, official, {in, out, 4})));
  LM_ASSIGN_OR_RETURN(
      const Value in_last,
      ops::TransposeTokens(context, ops::Reshape(context, window_first, {1, in, 4 * out})));
  weight_ = ops::Reshape(context, in_last, {2, 2, out, in});
  LM_ASSIGN_OR_RETURN(bias_, PackParameter(context, *bias_parameter_, DType::kFloat32));
  return absl::OkStatus();
}

absl::StatusOr<Value> TransposedConv::Forward(OpContext& context, const Value& x,
                                              Activation activation) const {
  return ops::TransposedConv2d(context, x, weight_, bias_, activation);
}

}  // namespace localmamba
