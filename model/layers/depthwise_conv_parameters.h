// The parameters of a depthwise convolution: `<name>.weight` (D, 1, taps...) and `<name>.bias`.
#ifndef LOCALMAMBA_MODEL_LAYERS_DEPTHWISE_CONV_PARAMETERS_H_
#define LOCALMAMBA_MODEL_LAYERS_DEPTHWISE_CONV_PARAMETERS_H_

#include <string>

#include "absl/status/status.h"
#include "model/autograd/op_context.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

class DepthwiseConvParameters {
 public:
  // `shape`: (D, taps) or (D, kh, kw).
  DepthwiseConvParameters(ParameterSet& parameters, const std::string& name, const Shape& shape);

  absl::Status Pack(OpContext& context);
  [[nodiscard]] const Value& weight() const { return weight_; }  // of `shape`
  [[nodiscard]] const Value& bias() const { return bias_; }

 private:
  Shape shape_;
  Parameter* weight_parameter_;
  Parameter* bias_parameter_;
  Value weight_;
  Value bias_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_DEPTHWISE_CONV_PARAMETERS_H_
