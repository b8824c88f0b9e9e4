// Parameters and inputs of the golden models: tensors computed from their names.
//
// A tensor of name s: splitmix64 seeded with the 64-bit FNV-1a hash of s, element i from counter
// i+1, upper 24 bits as U in [0, 1), S = 2U - 1. Parameters are S scaled and shifted by rules on
// their names (ln(column+1) + 0.2 S for A_log, -2 + S for a step bias, ...), so that no golden
// model needs its weights stored.
#ifndef LOCALMAMBA_TESTS_SUPPORT_DETERMINISTIC_H_
#define LOCALMAMBA_TESTS_SUPPORT_DETERMINISTIC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

uint64_t DeterministicSeed(absl::string_view name);

// U of the elements.
std::vector<double> DeterministicUniform(absl::string_view name, int64_t elements);

// S of the elements: what golden inputs are.
std::vector<float> DeterministicInput(absl::string_view name, int64_t elements);

// The value of a parameter of this name and shape.
std::vector<float> DeterministicParameter(const std::string& name, const Shape& shape);

// Fills every trainable parameter; buffers (rotary tables) get their computed value.
void FillDeterministic(ParameterSet& parameters);

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_DETERMINISTIC_H_
