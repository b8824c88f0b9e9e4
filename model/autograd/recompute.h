// Trades time for memory in training: what a part of the network computes is not kept for the
// backward pass but computed again there (Chen et al. 2016, arXiv:1604.06174).
#ifndef LOCALMAMBA_MODEL_AUTOGRAD_RECOMPUTE_H_
#define LOCALMAMBA_MODEL_AUTOGRAD_RECOMPUTE_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/autograd/op_context.h"
#include "model/autograd/value.h"

namespace localmamba {

// A function of values that computes the same each time; it outlives the backward pass. What it
// captures (packed weights) may have gradients.
using Segment = std::function<absl::StatusOr<std::vector<Value>>(OpContext& context,
                                                                 absl::Span<const Value> inputs)>;

// segment(inputs). With a tape only the inputs are kept. Errors: those of the segment.
absl::StatusOr<std::vector<Value>> Recompute(OpContext& context, std::vector<Value> inputs,
                                             Segment segment);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_RECOMPUTE_H_
