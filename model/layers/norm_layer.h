// The parameters of a norm: `<name>.weight` and, for a LayerNorm, `<name>.bias`.
#ifndef LOCALMAMBA_MODEL_LAYERS_NORM_LAYER_H_
#define LOCALMAMBA_MODEL_LAYERS_NORM_LAYER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "model/autograd/operations.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

class NormLayer {
 public:
  NormLayer(ParameterSet& parameters, const std::string& name, int64_t width,
            NormKind kind = NormKind::kLayer);

  absl::Status Pack(OpContext& context);
  [[nodiscard]] const ops::NormOperands& operands() const { return operands_; }
  // ops::LayerNorm with the packed parameters; CHECKs that it is a LayerNorm.
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& x,
                                              const Value& z = {}) const;

 private:
  Parameter* weight_parameter_;
  Parameter* bias_parameter_ = nullptr;
  ops::NormOperands operands_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_NORM_LAYER_H_
