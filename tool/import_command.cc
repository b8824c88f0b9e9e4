// localmamba_tool import: a PyTorch checkpoint of the official code becomes a model version.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/heads/create_model.h"
#include "model/networks/adapt_checkpoint.h"
#include "model/networks/network.h"
#include "model/networks/recognize_variant.h"
#include "model/weights/load_weights.h"
#include "model/weights/torch_checkpoint.h"
#include "tool/command.h"
#include "tool/model_source.h"

namespace localmamba::tool {
namespace {

constexpr char kAuto[] = "auto";

void PrintList(const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::printf("%s (%zu): %s\n", what, names.size(), absl::StrJoin(names, ", ").c_str());
}

// The variant that a file at `path` with weights of the `fitting` variants is of. Where several have
// equal parameters, the one that the file is named after, as the released files are.
absl::StatusOr<std::string> ChooseVariant(const std::vector<std::string>& fitting,
                                          const std::string& path) {
  if (fitting.empty()) {
    return absl::NotFoundError(
        "the weights are of no variant; --spec takes the model.json of another network");
  }
  if (fitting.size() == 1) return fitting.front();
  const std::string stem = std::filesystem::path(path).stem().string();
  if (std::find(fitting.begin(), fitting.end(), stem) != fitting.end()) return stem;
  return absl::InvalidArgumentError(
      absl::StrCat("the weights are of any of ", absl::StrJoin(fitting, ", "),
                   ", which differ in their directions only: name one with --variant"));
}

class ImportCommand final : public Command {
 public:
  explicit ImportCommand(CLI::App& app) {
    app.add_option("--checkpoint", checkpoint_, "PyTorch file: .ckpt, .pth or .pth.tar")
        ->required();
    app.add_option("--entry", entry_,
                   "Key of the state dict in the file (default: the first of state_dict, model, "
                   "ema_model; else the file itself)");
    source_.AddFlags(app);
    app.get_option("--variant")
        ->description(
            "A model of the paper, e.g. local_vssm_tiny, or auto: the one that the weights fit");
    destination_.AddFlags(app);
  }

  absl::Status Run() override {
    if (const absl::StatusOr<ModelSpec> spec = source_.Spec();
        spec.ok() && !std::holds_alternative<std::monostate>(spec->head)) {
      return ImportWithHead(*spec);
    }
    LM_ASSIGN_OR_RETURN(TorchCheckpoint checkpoint, ReadTorchCheckpoint(checkpoint_, entry_));
    LM_ASSIGN_OR_RETURN(const ModelSpec spec, SpecOf(checkpoint));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                        CreateDeviceAllocator(Device::Cpu()));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Network> network, CreateNetwork(spec.network));
    absl::StatusOr<AdaptedCheckpoint> adapted = AdaptCheckpoint(
        std::move(checkpoint.tensors), spec.network, network->parameters(), *memory);
    if (!adapted.ok()) return Annotate(adapted.status(), checkpoint_);
    LM_RETURN_IF_ERROR(
        Annotate(AssignWeights(adapted->tensors, *memory, network->parameters()), checkpoint_));
    LM_RETURN_IF_ERROR(destination_.Write(spec, network->parameters()));
    if (source_.variant() == kAuto) std::printf("variant: %s\n", spec.description.c_str());
    PrintSource(checkpoint);
    PrintList("resized to the grid of the spec", adapted->resized);
    PrintList("not in the checkpoint, as before training", adapted->initialized);
    PrintList("of no use to the network", adapted->dropped);
    PrintList("skipped", checkpoint.skipped);
    return absl::OkStatus();
  }

 private:
  // A detector or segmenter. Its checkpoint has all of it, and tables of its own size.
  absl::Status ImportWithHead(const ModelSpec& spec) const {
    LM_ASSIGN_OR_RETURN(const TorchCheckpoint checkpoint,
                        ReadTorchCheckpoint(checkpoint_, entry_, CheckpointPart::kAll));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                        CreateDeviceAllocator(Device::Cpu()));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Network> model, CreateModel(spec.network, spec.head));
    LM_RETURN_IF_ERROR(
        Annotate(AssignWeights(checkpoint.tensors, *memory, model->parameters()), checkpoint_));
    LM_RETURN_IF_ERROR(destination_.Write(spec, model->parameters()));
    PrintSource(checkpoint);
    PrintList("skipped", checkpoint.skipped);
    return absl::OkStatus();
  }

  static void PrintSource(const TorchCheckpoint& checkpoint) {
    std::printf("state dict: %s\n",
                checkpoint.entry.empty() ? "the file itself" : checkpoint.entry.c_str());
  }

  absl::StatusOr<ModelSpec> SpecOf(const TorchCheckpoint& checkpoint) const {
    const std::string& variant = source_.variant();
    if (variant.empty()) return source_.Spec();
    const std::vector<std::string> fitting = FittingVariants(checkpoint.tensors);
    if (variant == kAuto) {
      const absl::StatusOr<std::string> chosen = ChooseVariant(fitting, checkpoint_);
      if (!chosen.ok()) return Annotate(chosen.status(), checkpoint_);
      return VariantSpec(*chosen);
    }
    LM_ASSIGN_OR_RETURN(ModelSpec spec, source_.Spec());
    // Files have been published under the names of others.
    if (!fitting.empty() && std::find(fitting.begin(), fitting.end(), variant) == fitting.end()) {
      return absl::InvalidArgumentError(absl::StrCat(checkpoint_, ": the weights are of ",
                                                     absl::StrJoin(fitting, " or "), ", not of ",
                                                     variant));
    }
    return spec;
  }

  std::string checkpoint_;
  std::string entry_;
  ModelSource source_;
  ModelDestination destination_;
};

}  // namespace

std::unique_ptr<Command> MakeImportCommand(CLI::App& app) {
  return std::make_unique<ImportCommand>(app);
}

}  // namespace localmamba::tool
