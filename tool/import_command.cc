// localmamba_tool import: a PyTorch checkpoint of the official code becomes a model version.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/networks/adapt_checkpoint.h"
#include "model/networks/network.h"
#include "model/weights/load_weights.h"
#include "model/weights/torch_checkpoint.h"
#include "tool/command.h"
#include "tool/model_source.h"

namespace localmamba::tool {
namespace {

void PrintList(const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::printf("%s (%zu): %s\n", what, names.size(), absl::StrJoin(names, ", ").c_str());
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
    destination_.AddFlags(app);
  }

  absl::Status Run() override {
    LM_ASSIGN_OR_RETURN(const ModelSpec spec, source_.Spec());
    LM_ASSIGN_OR_RETURN(TorchCheckpoint checkpoint, ReadTorchCheckpoint(checkpoint_, entry_));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                        CreateDeviceAllocator(Device::Cpu()));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Network> network, CreateNetwork(spec.network));
    absl::StatusOr<AdaptedCheckpoint> adapted = AdaptCheckpoint(
        std::move(checkpoint.tensors), spec.network, network->parameters(), *memory);
    if (!adapted.ok()) return Annotate(adapted.status(), checkpoint_);
    LM_RETURN_IF_ERROR(
        Annotate(AssignWeights(adapted->tensors, *memory, network->parameters()), checkpoint_));
    LM_RETURN_IF_ERROR(destination_.Write(spec, network->parameters()));
    std::printf("state dict: %s\n",
                checkpoint.entry.empty() ? "the file itself" : checkpoint.entry.c_str());
    PrintList("resized to the grid of the spec", adapted->resized);
    PrintList("not in the checkpoint, as before training", adapted->initialized);
    PrintList("of no use to the network", adapted->dropped);
    PrintList("skipped", checkpoint.skipped);
    return absl::OkStatus();
  }

 private:
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
