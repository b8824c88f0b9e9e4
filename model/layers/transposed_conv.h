// A transposed convolution that doubles the sides of channels-last maps, with its parameters
// `<name>.weight` (in, out, 2, 2) and `<name>.bias`.
#ifndef LOCALMAMBA_MODEL_LAYERS_TRANSPOSED_CONV_H_
#define LOCALMAMBA_MODEL_LAYERS_TRANSPOSED_CONV_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/elementwise/activation.h"
#include "model/autograd/op_context.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

class TransposedConv {
 public:
  TransposedConv(ParameterSet& parameters, const std::string& name, int64_t in, int64_t out);

  absl::Status Pack(OpContext& context);
  // (B, H, W, in) → (B, 2H, 2W, out).
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& x,
                                              Activation activation) const;

 private:
  Parameter* weight_parameter_;
  Parameter* bias_parameter_;
  Value weight_;  // (2, 2, out, in)
  Value bias_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_TRANSPOSED_CONV_H_
