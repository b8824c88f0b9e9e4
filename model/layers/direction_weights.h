// The architecture parameters of a supernet layer, `<prefix>multi_scan.weights` (K, 1, 1, 1): their
// softmax weights the directions (reference §8).
#ifndef LOCALMAMBA_MODEL_LAYERS_DIRECTION_WEIGHTS_H_
#define LOCALMAMBA_MODEL_LAYERS_DIRECTION_WEIGHTS_H_

#include <string>

#include "absl/status/status.h"
#include "model/autograd/op_context.h"
#include "model/layers/mixer_config.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

class DirectionWeights {
 public:
  // Declares nothing unless config.supernet.
  DirectionWeights(ParameterSet& parameters, const std::string& prefix, const MixerConfig& config);

  absl::Status Pack(OpContext& context);
  // (K); empty without a supernet.
  [[nodiscard]] const Value& softmax() const { return softmax_; }

 private:
  Parameter* parameter_ = nullptr;
  Value softmax_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_DIRECTION_WEIGHTS_H_
