// Networks of golden cases.
#ifndef LOCALMAMBA_TESTS_SUPPORT_GOLDEN_NETWORK_H_
#define LOCALMAMBA_TESTS_SUPPORT_GOLDEN_NETWORK_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/engine/engine.h"
#include "model/networks/network_config.h"

namespace localmamba {

// From `family` and `config` of a case. CHECKs that they are complete.
NetworkConfig GoldenNetworkConfig(const nlohmann::json& golden, VerticalReverse vertical_reverse);

// An engine with deterministic parameters. CHECKs that nothing fails.
std::unique_ptr<Engine> DeterministicEngine(const NetworkConfig& config,
                                            const EngineOptions& options = {});

// Runs the deterministic input "input" of this shape.
EngineOutput RunDeterministicInput(Engine& engine, const Shape& shape);

// The `input_shape` of a case.
Shape GoldenInputShape(const nlohmann::json& golden);

// Directions from a JSON array of their names.
LayerDirections GoldenDirections(const nlohmann::json& names);

// "logits", or "feature_<i>", of an output.
const Tensor& OutputNamed(const EngineOutput& output, const std::string& name);

// The elements of a dense float32 tensor.
absl::Span<const float> Elements(const Tensor& tensor);

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_GOLDEN_NETWORK_H_
