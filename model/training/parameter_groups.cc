#include "model/training/parameter_groups.h"

#include "absl/strings/match.h"

namespace localmamba {

bool HasWeightDecay(const Parameter& parameter) {
  return parameter.shape.rank() != 1 && !absl::EndsWith(parameter.name, ".bias") &&
         parameter.name != "pos_embed" && parameter.name != "cls_token";
}

}  // namespace localmamba
