// What Forward of both families wants of its input.
#ifndef LOCALMAMBA_MODEL_NETWORKS_CHECK_INPUT_H_
#define LOCALMAMBA_MODEL_NETWORKS_CHECK_INPUT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "model/autograd/op_context.h"
#include "model/autograd/value.h"

namespace localmamba {

// Errors: FAILED_PRECONDITION unless `packed`; INVALID_ARGUMENT unless `input` is a dense
// (B, 3, H, W) in the context's dtype with B >= 1 and H, W >= min_side.
absl::Status CheckInput(const OpContext& context, const Value& input, int64_t min_side,
                        bool packed);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_NETWORKS_CHECK_INPUT_H_
