#include "model/heads/conv_stack.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"

namespace localmamba {

ConvStack::ConvStack(ParameterSet& parameters, const std::string& prefix, int64_t count,
                     int64_t channels, bool norm) {
  for (int64_t i = 0; i < count; ++i) {
    convs_.emplace_back(parameters, absl::StrCat(prefix, i, ".conv"), channels, channels, 3,
                        norm ? MapConv::Bias::kNone : MapConv::Bias::kZero,
                        KaimingNormal(channels, 9));
    if (norm) norms_.emplace_back(parameters, absl::StrCat(prefix, i, ".norm_layer"), channels);
  }
}

absl::Status ConvStack::Pack(OpContext& context) {
  for (MapConv& conv : convs_) LM_RETURN_IF_ERROR(conv.Pack(context));
  for (NormLayer& norm : norms_) LM_RETURN_IF_ERROR(norm.Pack(context));
  return absl::OkStatus();
}

absl::StatusOr<Value> ConvStack::Forward(OpContext& context, const Value& x) const {
  Value y = x;
  for (size_t i = 0; i < convs_.size(); ++i) {
    if (norms_.empty()) {
      LM_ASSIGN_OR_RETURN(y, convs_[i].Forward(context, y, Activation::kRelu));
      continue;
    }
    LM_ASSIGN_OR_RETURN(y, convs_[i].Forward(context, y));
    LM_ASSIGN_OR_RETURN(y, norms_[i].Forward(context, y));
    LM_ASSIGN_OR_RETURN(y, ops::Unary(context, UnaryFunction::kRelu, y));
  }
  return y;
}

}  // namespace localmamba
