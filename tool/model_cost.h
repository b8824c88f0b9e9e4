// What a model computes for an image of the usual size.
#ifndef LOCALMAMBA_TOOL_MODEL_COST_H_
#define LOCALMAMBA_TOOL_MODEL_COST_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "kernels/tensor/shape.h"
#include "model/networks/complexity.h"
#include "server/repository/model_spec.h"

namespace localmamba::tool {

// Height and width of what the network is fed with the usual image: of a detector the largest input,
// of a segmenter a square.
Shape UsualInput(const ModelSpec& spec);

// Of the network with its head, for one input. Errors: those of CountComplexity.
absl::StatusOr<Complexity> CountModelComplexity(const ModelSpec& spec, int64_t height,
                                                int64_t width);

}  // namespace localmamba::tool

#endif  // LOCALMAMBA_TOOL_MODEL_COST_H_
