// Between the parameters of a network and a weights file.
#ifndef LOCALMAMBA_MODEL_WEIGHTS_LOAD_WEIGHTS_H_
#define LOCALMAMBA_MODEL_WEIGHTS_LOAD_WEIGHTS_H_

#include <string>

#include "absl/status/status.h"
#include "kernels/device/buffer.h"
#include "kernels/tensor/dtype.h"
#include "model/weights/host_tensor.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

// Gives every parameter the tensor of its name, as float32 (f16 and bf16 are converted). Float32
// tensors are shared, not copied. A rotary table that `tensors` lacks is computed, in memory of
// `allocator` (of the CPU). The step counters of batch norms are ignored.
//
// Names, shapes, dtypes and values are checked first. On error nothing is assigned:
// INVALID_ARGUMENT lists all that is missing, unexpected, of another shape or dtype, or not finite;
// RESOURCE_EXHAUSTED.
absl::Status AssignWeights(const NamedTensors& tensors, Allocator& allocator,
                           ParameterSet& parameters);

// AssignWeights from a safetensors file, which stays mapped while a parameter uses it.
// Errors: also those of ReadSafetensors; all name the path.
absl::Status LoadWeights(const std::string& path, Allocator& allocator, ParameterSet& parameters);

// Writes every parameter, buffers too, as `dtype` (f32, f16 or bf16). Errors: FAILED_PRECONDITION
// naming a parameter without a value; INVALID_ARGUMENT for another dtype; those of
// WriteSafetensors.
absl::Status SaveWeights(const ParameterSet& parameters, DType dtype, const std::string& path);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_LOAD_WEIGHTS_H_
