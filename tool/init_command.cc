// localmamba_tool init: a model folder with weights as before training.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/heads/create_model.h"
#include "model/weights/initialize.h"
#include "tool/command.h"
#include "tool/model_source.h"

namespace localmamba::tool {
namespace {

class InitCommand final : public Command {
 public:
  explicit InitCommand(CLI::App& app) {
    source_.AddFlags(app);
    app.add_option("--seed", seed_, "Seed of the random numbers")
        ->check([](const std::string& text) {
          // CLI11 would take what is too large for the largest number there is.
          int64_t seed = 0;
          if (absl::SimpleAtoi(text, &seed) && seed >= 0) return std::string();
          return absl::StrCat("found \"", text, "\", wanted an integer from 0 to 2^63 - 1");
        })
        ->capture_default_str();
    destination_.AddFlags(app);
  }

  absl::Status Run() override {
    LM_ASSIGN_OR_RETURN(const ModelSpec spec, source_.Spec());
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                        CreateDeviceAllocator(Device::Cpu()));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Network> network,
                        CreateModel(spec.network, spec.head));
    LM_RETURN_IF_ERROR(
        InitializeParameters(network->parameters(), static_cast<uint64_t>(seed_), *memory));
    return destination_.Write(spec, network->parameters());
  }

 private:
  ModelSource source_;
  int64_t seed_ = 0;
  ModelDestination destination_;
};

}  // namespace

std::unique_ptr<Command> MakeInitCommand(CLI::App& app) {
  return std::make_unique<InitCommand>(app);
}

}  // namespace localmamba::tool
