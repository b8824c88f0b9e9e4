// Initial values of parameters (reference §6).
#ifndef LOCALMAMBA_MODEL_WEIGHTS_INITIALIZE_H_
#define LOCALMAMBA_MODEL_WEIGHTS_INITIALIZE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/device/buffer.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

// Gives the parameter a new float32 value as its initializer says. Random numbers are a function of
// the seed, the parameter's name and the element's index alone: the order of calls, the other
// parameters and the platform's random number library do not matter.
// `allocator`: memory of the CPU. Errors: those of `allocator`.
absl::Status InitializeParameter(Parameter& parameter, uint64_t seed, Allocator& allocator);

// The same for every parameter of the set.
absl::Status InitializeParameters(ParameterSet& parameters, uint64_t seed, Allocator& allocator);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_WEIGHTS_INITIALIZE_H_
