#include "model/networks/recognize_variant.h"

#include <algorithm>
#include <cstddef>
#include <memory>

#include "kernels/base/check.h"
#include "model/networks/network.h"
#include "model/networks/variants.h"

namespace localmamba {
namespace {

bool Fits(const NamedTensors& tensors, const ParameterSet& parameters) {
  size_t matched = 0;
  const bool all_there = std::all_of(parameters.parameters().begin(), parameters.parameters().end(),
                                     [&](const Parameter& parameter) {
                                       const auto found = tensors.find(parameter.name);
                                       if (found == tensors.end()) return !parameter.trainable;
                                       ++matched;
                                       return found->second.shape() == parameter.shape;
                                     });
  return all_there && matched == tensors.size();
}

}  // namespace

std::vector<std::string> FittingVariants(const NamedTensors& tensors) {
  std::vector<std::string> fitting;
  for (const std::string& name : VariantNames()) {
    const auto config = VariantConfig(name);
    LM_CHECK(config.ok());
    const auto network = CreateNetwork(*config);
    LM_CHECK(network.ok());
    if (Fits(tensors, (*network)->parameters())) fitting.push_back(name);
  }
  return fitting;
}

}  // namespace localmamba
