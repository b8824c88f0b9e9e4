#include "tests/support/deterministic.h"

#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "kernels/base/check.h"
#include "kernels/tensor/tensor.h"
#include "model/weights/initialize.h"

namespace localmamba {
namespace {

Tensor OwnedTensor(std::vector<float> values, const Shape& shape) {
  auto owner = std::make_shared<std::vector<float>>(std::move(values));
  return Tensor::Share(TensorView(owner->data(), DType::kFloat32, shape), owner);
}

bool IsNorm(absl::string_view module) {
  return module == "norm" || module == "norm_f" || module == "out_norm" ||
         absl::StartsWith(module, "outnorm");
}

// value = shift + scale * S, and ln(column + 1) more for A.
struct Rule {
  double shift = 0;
  double scale = 1;
  bool log_column = false;
};

Rule RuleOf(const std::string& name, const Shape& shape) {
  const std::vector<std::string> parts = absl::StrSplit(name, '.');
  const std::string& last = parts.back();
  const std::string module = parts.size() > 1 ? parts[parts.size() - 2] : "";
  if (absl::StartsWith(last, "A_log")) return {.scale = 0.2, .log_column = true};
  if (absl::StartsWith(last, "D_") || last == "Ds") return {.shift = 1, .scale = 0.2};
  if (last == "dt_projs_bias" || (last == "bias" && absl::StartsWith(module, "dt_proj_"))) {
    return {.shift = -2, .scale = 1};
  }
  if ((last == "weight" && IsNorm(module)) || name == "patch_embed.2.weight") {
    return {.shift = 1, .scale = 0.1};
  }
  if (last == "bias") return {.scale = 0.1};
  if (last == "pos_embed" || last == "cls_token") return {.scale = 0.5};
  if (absl::EndsWith(name, "multi_scan.weights")) return {.scale = 1};
  const bool stacked = last == "x_proj_weight" || last == "dt_projs_weight";
  const int64_t fan_in =
      stacked ? shape[shape.rank() - 1] : shape.elements() / (shape.rank() > 0 ? shape[0] : 1);
  return {.scale = std::sqrt(3.0 / static_cast<double>(fan_in))};
}

}  // namespace

uint64_t DeterministicSeed(absl::string_view name) {
  uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return hash;
}

std::vector<double> DeterministicUniform(absl::string_view name, int64_t elements) {
  std::vector<double> values(static_cast<size_t>(elements));
  uint64_t state = DeterministicSeed(name);
  for (double& value : values) {
    state += 0x9E3779B97F4A7C15U;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    value = static_cast<double>((z ^ (z >> 31)) >> 40) * 0x1p-24;
  }
  return values;
}

std::vector<float> DeterministicInput(absl::string_view name, int64_t elements) {
  std::vector<float> values;
  for (const double u : DeterministicUniform(name, elements)) {
    values.push_back(static_cast<float>(2 * u - 1));
  }
  return values;
}

std::vector<float> DeterministicParameter(const std::string& name, const Shape& shape) {
  const Rule rule = RuleOf(name, shape);
  const auto columns = static_cast<size_t>(shape[shape.rank() - 1]);
  std::vector<float> values;
  for (const double u : DeterministicUniform(name, shape.elements())) {
    const size_t column = values.size() % columns;
    const double start = rule.log_column ? std::log(static_cast<double>(column + 1)) : rule.shift;
    values.push_back(static_cast<float>(start + rule.scale * (2 * u - 1)));
  }
  return values;
}

void FillDeterministic(ParameterSet& parameters) {
  const auto heap = CreateDeviceAllocator(Device::Cpu());
  LM_CHECK(heap.ok());
  for (Parameter& parameter : parameters.parameters()) {
    if (parameter.trainable) {
      parameter.value = Value(
          OwnedTensor(DeterministicParameter(parameter.name, parameter.shape), parameter.shape));
      continue;
    }
    ParameterSet buffer;
    Parameter* copy =
        buffer.Declare(parameter.name, parameter.shape, parameter.init, /*trainable=*/false);
    LM_CHECK(InitializeParameter(*copy, /*seed=*/0, **heap).ok());
    const float* data = copy->value.tensor().data<float>();
    parameter.value = Value(
        OwnedTensor(std::vector<float>(data, data + parameter.shape.elements()), parameter.shape));
  }
}

}  // namespace localmamba
