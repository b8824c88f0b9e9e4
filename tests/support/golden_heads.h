// The golden detectors and segmenters: their configurations and weights
// (tests/golden/heads/README.md).
#ifndef LOCALMAMBA_TESTS_SUPPORT_GOLDEN_HEADS_H_
#define LOCALMAMBA_TESTS_SUPPORT_GOLDEN_HEADS_H_

#include <nlohmann/json.hpp>

#include "model/networks/network_config.h"
#include "model/weights/parameter_set.h"

namespace localmamba {

// The backbone of a case.
NetworkConfig GoldenBackboneConfig(const nlohmann::json& golden_case);

// Gives every parameter the value that the rule in section 3 computes from its name, the buffers
// of rotary tables theirs.
void FillGoldenWeights(const nlohmann::json& golden_case, ParameterSet& parameters);

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_GOLDEN_HEADS_H_
