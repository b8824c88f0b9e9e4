// Convolution without bias, batch norm, ReLU: the ConvModule of the official segmentation heads,
// with the parameters `<name>.conv.weight` and `<name>.bn.{weight,bias,running_mean,running_var}`.
//
// Serves only: the norm, which is an affine function then, is folded into the convolution,
//
//   y = ReLU(weight / sqrt(running_var + 1e-5) * (conv(x) - running_mean) + bias)
#ifndef LOCALMAMBA_MODEL_LAYERS_BATCH_NORM_CONV_H_
#define LOCALMAMBA_MODEL_LAYERS_BATCH_NORM_CONV_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/layers/map_conv.h"

namespace localmamba {

class BatchNormConv {
 public:
  BatchNormConv(ParameterSet& parameters, const std::string& name, int64_t in, int64_t out,
                int64_t kernel);

  // Errors also: UNIMPLEMENTED naming the norm if gradients are wanted.
  absl::Status Pack(OpContext& context);
  // (B, H, W, in) → (B, H, W, out).
  [[nodiscard]] absl::StatusOr<Value> Forward(OpContext& context, const Value& x) const;

 private:
  MapConv conv_;
  Parameter* weight_;
  Parameter* bias_;
  Parameter* running_mean_;
  Parameter* running_var_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_BATCH_NORM_CONV_H_
