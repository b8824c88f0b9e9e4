// A parameter as an operand of the forward pass.
#ifndef LOCALMAMBA_MODEL_LAYERS_PACK_PARAMETER_H_
#define LOCALMAMBA_MODEL_LAYERS_PACK_PARAMETER_H_

#include "absl/status/statusor.h"
#include "model/autograd/op_context.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

// The parameter's value on the context's device in `dtype`.
// Errors: FAILED_PRECONDITION naming the parameter if it has no value; those of ops::Convert.
absl::StatusOr<Value> PackParameter(OpContext& context, const Parameter& parameter, DType dtype);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_LAYERS_PACK_PARAMETER_H_
