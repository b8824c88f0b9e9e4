#include "model/layers/depthwise_conv_parameters.h"

#include <cmath>
#include <vector>

#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {

DepthwiseConvParameters::DepthwiseConvParameters(ParameterSet& parameters, const std::string& name,
                                                 const Shape& shape)
    : shape_(shape) {
  const int64_t taps = shape.elements() / shape[0];
  const Initializer init{.kind = Initializer::Kind::kUniform,
                         .scale = 1 / std::sqrt(static_cast<double>(taps))};
  std::vector<int64_t> official(shape.dims().begin(), shape.dims().end());
  official.insert(official.begin() + 1, 1);
  weight_parameter_ = parameters.Declare(name + ".weight", Shape(official), init);
  bias_parameter_ = parameters.Declare(name + ".bias", {shape[0]}, init);
}

absl::Status DepthwiseConvParameters::Pack(OpContext& context) {
  LM_ASSIGN_OR_RETURN(const Value weight,
                      PackParameter(context, *weight_parameter_, DType::kFloat32));
  weight_ = ops::Reshape(context, weight, shape_);
  LM_ASSIGN_OR_RETURN(bias_, PackParameter(context, *bias_parameter_, DType::kFloat32));
  return absl::OkStatus();
}

}  // namespace localmamba
