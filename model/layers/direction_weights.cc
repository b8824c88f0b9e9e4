#include "model/layers/direction_weights.h"

#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/layers/pack_parameter.h"

namespace localmamba {

DirectionWeights::DirectionWeights(ParameterSet& parameters, const std::string& prefix,
                                   const MixerConfig& config) {
  if (!config.supernet) return;
  parameter_ = parameters.Declare(prefix + "multi_scan.weights", {config.num_directions(), 1, 1, 1},
                                  {.kind = Initializer::Kind::kNormal, .scale = 1e-3});
}

absl::Status DirectionWeights::Pack(OpContext& context) {
  if (parameter_ == nullptr) return absl::OkStatus();
  LM_ASSIGN_OR_RETURN(const Value weights, PackParameter(context, *parameter_, DType::kFloat32));
  const int64_t k = weights.dim(0);
  LM_ASSIGN_OR_RETURN(const Value row,
                      ops::Softmax(context, ops::Reshape(context, weights, {1, k})));
  softmax_ = ops::Reshape(context, row, {k});
  return absl::OkStatus();
}

}  // namespace localmamba
