#include "tests/support/golden_network.h"

#include <utility>

#include "kernels/base/check.h"
#include "model/networks/variants.h"
#include "tests/support/deterministic.h"

namespace localmamba {
namespace {

// By the names that the golden full-size cases use.
std::vector<LayerDirections> DirectionList(const std::string& name) {
  const std::string variant = name == "vim"               ? "local_vim_tiny"
                              : name == "fixed_wo_search" ? "local_vim_tiny_wo_search"
                              : name == "vmamba_t"        ? "local_vssm_tiny"
                                                          : "local_vssm_small";
  const absl::StatusOr<NetworkConfig> config = VariantConfig(variant);
  LM_CHECK(config.ok());
  return std::visit([](const auto& family) { return family.scan.directions; }, *config);
}

ScanConfig Scan(const nlohmann::json& config, size_t layers, VerticalReverse vertical_reverse) {
  ScanConfig scan;
  scan.vertical_reverse = vertical_reverse;
  scan.d_state = config.at("d_state").get<int64_t>();
  scan.supernet = config.value("supernet", false);
  if (scan.supernet) {
    scan.directions.assign(layers, OfficialCandidates());
  } else if (config.contains("direction_list")) {
    scan.directions = DirectionList(config.at("direction_list").get<std::string>());
  } else {
    for (const nlohmann::json& layer : config.at("directions")) {
      scan.directions.push_back(GoldenDirections(layer));
    }
  }
  return scan;
}

// Backbones of the golden cases have no head.
template <class Config>
void SetOutputs(const nlohmann::json& config, Config& result) {
  result.num_classes = config.at("num_classes").get<int64_t>();
  if (!config.contains("out_indices") || config.at("out_indices").is_null()) return;
  result.num_classes = 0;
  result.out_indices = config.at("out_indices").get<std::vector<int64_t>>();
}

}  // namespace

LayerDirections GoldenDirections(const nlohmann::json& names) {
  LayerDirections directions;
  for (const nlohmann::json& name : names) {
    const auto direction = ScanDirection::Parse(name.get<std::string>());
    LM_CHECK(direction.ok());
    directions.push_back(*direction);
  }
  return directions;
}

NetworkConfig GoldenNetworkConfig(const nlohmann::json& golden, VerticalReverse vertical_reverse) {
  const nlohmann::json& config = golden.at("config");
  if (golden.at("family") == "local_vim") {
    LocalVimConfig result;
    result.scan = Scan(config, config.at("depth").get<size_t>(), vertical_reverse);
    const nlohmann::json& size = config.at("img_size");
    result.image_height = (size.is_array() ? size.at(0) : size).get<int64_t>();
    result.image_width = (size.is_array() ? size.at(1) : size).get<int64_t>();
    result.patch_size = config.at("patch_size").get<int64_t>();
    result.embed_dim = config.at("embed_dim").get<int64_t>();
    result.middle_class_token = config.at("cls_token") == "middle";
    result.rope = config.at("rope").get<bool>();
    result.norm = config.at("norm") == "rms" ? NormKind::kRms : NormKind::kLayer;
    SetOutputs(config, result);
    return result;
  }
  LocalVMambaConfig result;
  result.dims = config.at("dims").get<std::vector<int64_t>>();
  result.depths = config.at("depths").get<std::vector<int64_t>>();
  size_t layers = 0;
  for (const int64_t depth : result.depths) layers += static_cast<size_t>(depth);
  result.scan = Scan(config, layers, vertical_reverse);
  result.patch_size = config.value("patch_size", int64_t{4});
  SetOutputs(config, result);
  return result;
}

std::unique_ptr<Engine> DeterministicEngine(const NetworkConfig& config,
                                            const EngineOptions& options) {
  absl::StatusOr<std::unique_ptr<Network>> network = CreateNetwork(config);
  LM_CHECK(network.ok());
  FillDeterministic((*network)->parameters());
  auto engine = Engine::Create(*std::move(network), options);
  LM_CHECK(engine.ok());
  return *std::move(engine);
}

Shape GoldenInputShape(const nlohmann::json& golden) {
  return Shape(golden.at("config").at("input_shape").get<std::vector<int64_t>>());
}

EngineOutput RunDeterministicInput(Engine& engine, const Shape& shape) {
  const std::vector<float> input = DeterministicInput("input", shape.elements());
  auto output = engine.Run(ConstTensorView(input.data(), DType::kFloat32, shape));
  LM_CHECK(output.ok());
  return *std::move(output);
}

const Tensor& OutputNamed(const EngineOutput& output, const std::string& name) {
  if (name == "logits") return output.logits;
  const std::string prefix = "feature_";
  LM_CHECK(name.compare(0, prefix.size(), prefix) == 0);
  return output.features.at(std::stoul(name.substr(prefix.size())));
}

absl::Span<const float> Elements(const Tensor& tensor) {
  return {tensor.data<float>(), static_cast<size_t>(tensor.elements())};
}

}  // namespace localmamba
