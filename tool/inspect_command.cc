// localmamba_tool inspect: what a model is made of and what it costs.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "kernels/base/status_macros.h"
#include "model/networks/complexity.h"
#include "server/repository/json_layout.h"
#include "server/repository/model_folder.h"
#include "tool/command.h"
#include "tool/model_cost.h"

namespace localmamba::tool {
namespace {

using nlohmann::ordered_json;

const ScanConfig& ScanOf(const NetworkConfig& config) {
  return std::visit([](const auto& family) -> const ScanConfig& { return family.scan; }, config);
}

absl::string_view FamilyOf(const NetworkConfig& config) {
  return std::holds_alternative<LocalVimConfig>(config) ? "LocalVim" : "LocalVMamba";
}

// Names of the blocks that scan, in the order of scan.directions. prefix: of the network's layers.
std::vector<std::string> BlockNames(const NetworkConfig& config, absl::string_view prefix) {
  std::vector<std::string> names;
  if (const auto* vmamba = std::get_if<LocalVMambaConfig>(&config)) {
    for (size_t stage = 0; stage < vmamba->depths.size(); ++stage) {
      for (int64_t block = 0; block < vmamba->depths[stage]; ++block) {
        names.push_back(absl::StrCat(prefix, "layers.", stage, ".blocks.", block));
      }
    }
    return names;
  }
  for (size_t layer = 0; layer < ScanOf(config).directions.size(); ++layer) {
    names.push_back(absl::StrCat(prefix, "layers.", layer));
  }
  return names;
}

ordered_json ToJson(const LayerComplexity& layer) {
  return {{"name", layer.name},
          {"parameters", layer.parameters},
          {"official_macs", layer.official_macs},
          {"macs", layer.macs}};
}

class InspectCommand final : public Command {
 public:
  explicit InspectCommand(CLI::App& app) {
    app.add_option("--model", model_, "Model folder")->required();
    app.add_option("--version", version_, "Number or label (default: the newest)");
    app.add_option("--height", height_, "Image height for MACs (default: what the model is fed)")
        ->check(CLI::Range(1, 65536));
    app.add_option("--width", width_, "Image width for MACs")->check(CLI::Range(1, 65536));
    app.add_flag("--json", json_, "Print JSON");
  }

  absl::Status Run() override {
    LM_ASSIGN_OR_RETURN(ModelFolder folder, ReadModelFolder(model_));
    if (!folder.versions.empty()) {
      LM_ASSIGN_OR_RETURN(const int64_t version, ResolveVersion(folder, version_));
      LM_ASSIGN_OR_RETURN(folder.spec, ReadVersionSpec(folder, version));
    }
    const Shape input = UsualInput(folder.spec);
    if (height_ == 0) height_ = input[0];
    if (width_ == 0) width_ = input[1];
    LM_ASSIGN_OR_RETURN(const Complexity complexity,
                        CountModelComplexity(folder.spec, height_, width_));
    const ordered_json report = Report(folder, complexity);
    if (json_) {
      std::fputs(LayOutJson(report).c_str(), stdout);
    } else {
      PrintTable(folder, report);
    }
    return absl::OkStatus();
  }

 private:
  [[nodiscard]] ordered_json Report(const ModelFolder& folder, const Complexity& complexity) const {
    const NetworkConfig& network = folder.spec.network;
    const LayerDirections none;
    const std::vector<std::string> blocks = BlockNames(
        network, std::holds_alternative<std::monostate>(folder.spec.head) ? "" : "backbone.");
    ordered_json layers = ordered_json::array();
    size_t block = 0;
    for (const LayerComplexity& layer : complexity.layers) {
      ordered_json entry = ToJson(layer);
      if (block < blocks.size() && layer.name == blocks[block]) {
        entry["directions"] = ordered_json::array();
        for (const ScanDirection& direction : ScanOf(network).directions[block]) {
          entry["directions"].push_back(direction.ToString());
        }
        ++block;
      }
      layers.push_back(std::move(entry));
    }
    return {{"model", folder.name},
            {"description", folder.spec.description},
            {"family", std::string(FamilyOf(network))},
            {"versions", folder.versions},
            {"supernet", ScanOf(network).supernet},
            {"classes", NumClasses(folder.spec)},
            {"image_height", height_},
            {"image_width", width_},
            {"total", ToJson(complexity.total)},
            {"layers", std::move(layers)}};
  }

  static void PrintRow(const ordered_json& layer) {
    const ordered_json directions = layer.value("directions", ordered_json::array());
    std::printf("%-24s %12lld %16lld %16lld  %s\n", layer.at("name").get<std::string>().c_str(),
                layer.at("parameters").get<long long>(), layer.at("official_macs").get<long long>(),
                layer.at("macs").get<long long>(),
                absl::StrJoin(directions.get<std::vector<std::string>>(), " ").c_str());
  }

  void PrintTable(const ModelFolder& folder, const ordered_json& report) const {
    const std::string versions =
        folder.versions.empty() ? "none" : absl::StrJoin(folder.versions, ", ");
    std::printf("%s: %s%s, %lld classes, versions %s\n", folder.name.c_str(),
                std::string(FamilyOf(folder.spec.network)).c_str(),
                ScanOf(folder.spec.network).supernet ? " supernet" : "",
                static_cast<long long>(NumClasses(folder.spec)), versions.c_str());
    std::printf("for one image of %lld x %lld\n\n", static_cast<long long>(height_),
                static_cast<long long>(width_));
    std::printf("%-24s %12s %16s %16s  %s\n", "layer", "parameters", "MACs (official)",
                "MACs (all)", "directions");
    for (const ordered_json& layer : report.at("layers")) PrintRow(layer);
    PrintRow(report.at("total"));
  }

  std::string model_;
  std::string version_;
  int64_t height_ = 0;
  int64_t width_ = 0;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeInspectCommand(CLI::App& app) {
  return std::make_unique<InspectCommand>(app);
}

}  // namespace localmamba::tool
