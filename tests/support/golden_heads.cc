#include "tests/support/golden_heads.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/check.h"
#include "model/weights/initialize.h"
#include "tests/support/deterministic.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

// value = shift + scale * S, and ln(column + 1) more for A.
struct Rule {
  double shift = 0;
  double scale = 1;
  bool log_column = false;
};

double FanIn(absl::string_view name, absl::string_view last, const Shape& shape) {
  if (last == "x_proj_weight" || last == "dt_projs_weight") {
    return static_cast<double>(shape[shape.rank() - 1]);
  }
  const bool transposed = absl::StrContains(name, "neck.fpn1.") ||
                          absl::StrContains(name, "neck.fpn2.") ||
                          absl::StrContains(name, "mask_head.upsample");
  return static_cast<double>(transposed ? shape[0] : shape.elements() / shape[0]);
}

Rule RuleOf(const std::string& name, const Shape& shape) {
  const size_t dot = name.rfind('.');
  const std::string last = dot == std::string::npos ? name : name.substr(dot + 1);
  const std::string module = dot == std::string::npos ? "" : name.substr(0, dot);
  const std::string parent = module.substr(module.rfind('.') + 1);
  if (last == "num_batches_tracked") return {.scale = 0};
  if (absl::StartsWith(last, "A_log")) return {.scale = 0.2, .log_column = true};
  if (absl::StartsWith(last, "D_") || last == "Ds") return {.shift = 1, .scale = 0.2};
  if (last == "dt_projs_bias" || (last == "bias" && absl::StartsWith(parent, "dt_proj_"))) {
    return {.shift = -2, .scale = 1};
  }
  if (last == "running_mean") return {.scale = 0.1};
  if (last == "running_var") return {.shift = 1, .scale = 0.5};
  if (last == "weight" && shape.rank() == 1) return {.shift = 1, .scale = 0.1};
  if (last == "bias") return {.scale = 0.1};
  if (last == "pos_embed") return {.scale = 0.5};
  return {.scale = std::sqrt(3.0 / FanIn(name, last, shape))};
}

double Gain(const nlohmann::json& gains, const std::string& name) {
  for (const auto& [key, gain] : gains.items()) {
    const bool prefix = absl::EndsWith(key, "*") &&
                        absl::StartsWith(name, absl::string_view(key).substr(0, key.size() - 1));
    if (prefix || key == name) return gain.get<double>();
  }
  return 1;
}

std::vector<float> Values(const nlohmann::json& fill, const Parameter& parameter) {
  if (fill.at("explicit").contains(parameter.name)) {
    return fill.at("explicit").at(parameter.name).get<std::vector<float>>();
  }
  const Rule rule = RuleOf(parameter.name, parameter.shape);
  const double gain = Gain(fill.at("gains"), parameter.name);
  const auto columns = static_cast<size_t>(
      parameter.shape.rank() == 0 ? 1 : parameter.shape[parameter.shape.rank() - 1]);
  std::vector<float> values;
  const std::string seed = absl::StrCat(fill.at("salt").get<std::string>(), parameter.name);
  for (const double u : DeterministicUniform(seed, parameter.shape.elements())) {
    const size_t column = values.size() % columns;
    const double start = rule.log_column ? std::log(static_cast<double>(column + 1)) : rule.shift;
    values.push_back(static_cast<float>((start + rule.scale * (2 * u - 1)) * gain));
  }
  return values;
}

bool IsRotaryTable(absl::string_view name) { return absl::StrContains(name, "rope."); }

std::vector<float> RotaryTable(const Parameter& parameter) {
  const auto heap = CreateDeviceAllocator(Device::Cpu());
  LM_CHECK(heap.ok());
  ParameterSet buffers;
  Parameter* buffer = buffers.Declare(parameter.name, parameter.shape, parameter.init, false);
  LM_CHECK(InitializeParameter(*buffer, /*seed=*/0, **heap).ok());
  const float* data = buffer->value.tensor().data<float>();
  return {data, data + parameter.shape.elements()};
}

std::vector<LayerDirections> Directions(const nlohmann::json& layers) {
  std::vector<LayerDirections> directions;
  for (const nlohmann::json& names : layers) directions.push_back(GoldenDirections(names));
  return directions;
}

}  // namespace

NetworkConfig GoldenBackboneConfig(const nlohmann::json& golden_case) {
  const nlohmann::json& golden = golden_case.at("config").at("backbone");
  ScanConfig scan;
  scan.directions = Directions(golden.at("directions"));
  scan.d_state = golden.at("d_state").get<int64_t>();
  scan.vertical_reverse =
      golden.at("v_reverse") == "exact" ? VerticalReverse::kExact : VerticalReverse::kOfficial;
  if (golden.at("family") == "local_vim") {
    LocalVimConfig config;
    config.scan = std::move(scan);
    config.image_height = golden.at("img_size").get<int64_t>();
    config.image_width = config.image_height;
    config.patch_size = golden.at("patch").get<int64_t>();
    config.embed_dim = golden.at("embed_dim").get<int64_t>();
    config.conv_width = golden.at("d_conv").get<int64_t>();
    config.norm = NormKind::kLayer;
    config.num_classes = 0;
    config.out_indices = golden.at("out_indices").get<std::vector<int64_t>>();
    return config;
  }
  LocalVMambaConfig config;
  config.scan = std::move(scan);
  config.patch_size = golden.at("patch").get<int64_t>();
  config.dims = golden.at("dims").get<std::vector<int64_t>>();
  config.depths = golden.at("depths").get<std::vector<int64_t>>();
  config.num_classes = 0;
  config.out_indices = golden.at("out_indices").get<std::vector<int64_t>>();
  return config;
}

void FillGoldenWeights(const nlohmann::json& golden_case, ParameterSet& parameters) {
  const nlohmann::json& fill = golden_case.at("config").at("fill");
  for (Parameter& parameter : parameters.parameters()) {
    auto values = std::make_shared<std::vector<float>>(
        IsRotaryTable(parameter.name) ? RotaryTable(parameter) : Values(fill, parameter));
    LM_CHECK(values->size() == static_cast<size_t>(parameter.shape.elements()));
    const TensorView view(values->data(), DType::kFloat32, parameter.shape);
    parameter.value = Value(Tensor::Share(view, std::move(values)));
  }
}

}  // namespace localmamba
