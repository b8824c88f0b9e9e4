#include "model/layers/pack_parameter.h"

#include "absl/strings/str_cat.h"
#include "model/autograd/operations.h"

namespace localmamba {

absl::StatusOr<Value> PackParameter(OpContext& context, const Parameter& parameter, DType dtype) {
  if (parameter.value.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("parameter \"", parameter.name, "\" has no value: load or initialise first"));
  }
  return ops::Convert(context, parameter.value, dtype);
}

}  // namespace localmamba
