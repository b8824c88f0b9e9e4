// Which parameters weight decay applies to (reference §7.2).
#ifndef LOCALMAMBA_MODEL_TRAINING_PARAMETER_GROUPS_H_
#define LOCALMAMBA_MODEL_TRAINING_PARAMETER_GROUPS_H_

#include "model/weights/parameter_set.h"

namespace localmamba {

// False for a tensor with one dimension, a name that ends in ".bias", pos_embed and cls_token; true
// for all others, as the official trainer has it: also for A_log, dt_projs_bias and
// multi_scan.weights.
bool HasWeightDecay(const Parameter& parameter);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_PARAMETER_GROUPS_H_
