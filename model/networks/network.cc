#include "model/networks/network.h"

#include "kernels/base/status_macros.h"
#include "model/autograd/operations.h"
#include "model/networks/local_vim.h"
#include "model/networks/local_vmamba.h"

namespace localmamba {
namespace {

std::unique_ptr<Network> Create(const LocalVimConfig& config) {
  return std::make_unique<LocalVim>(config);
}

std::unique_ptr<Network> Create(const LocalVMambaConfig& config) {
  return std::make_unique<LocalVMamba>(config);
}

}  // namespace

absl::StatusOr<Value> Network::ScaleBranch(OpContext& context, const Value& branch,
                                           const Value& factor) {
  return factor.empty() ? branch : ops::ScaleImages(context, branch, factor);
}

absl::StatusOr<std::unique_ptr<Network>> CreateNetwork(const NetworkConfig& config) {
  LM_RETURN_IF_ERROR(Validate(config));
  return std::visit([](const auto& family) { return Create(family); }, config);
}

}  // namespace localmamba
