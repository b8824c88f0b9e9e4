#include "model/search/supernet.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"

namespace localmamba {
namespace {

constexpr size_t kMaxCandidates = 16;  // as many as a layer can have

absl::Status SetWidth(LocalVimConfig& config, int64_t width) {
  config.embed_dim = width;
  return absl::OkStatus();
}

absl::Status SetWidth(LocalVMambaConfig& config, int64_t width) {
  const int64_t base = config.dims.front();
  for (int64_t& dim : config.dims) {
    if (dim * width % base != 0) {
      return absl::InvalidArgumentError(absl::StrCat("search.width is ", width,
                                                     ", wanted one that scales dims (", base,
                                                     " first) to whole numbers; ", dim, " is not"));
    }
    dim = dim * width / base;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const SearchConfig& config) {
  const size_t count = config.candidates.size();
  if (count < 1 || count > kMaxCandidates) {
    return absl::InvalidArgumentError(
        absl::StrCat("search.candidates has ", count, " directions, wanted 1 to ", kMaxCandidates));
  }
  for (size_t i = 0; i < count; ++i) {
    const auto begin = config.candidates.begin();
    const auto here = begin + static_cast<std::ptrdiff_t>(i);
    if (std::find(begin, here, *here) != here) {
      return absl::InvalidArgumentError(absl::StrCat("search.candidates has ", here->ToString(),
                                                     " twice, wanted different directions"));
    }
  }
  if (config.directions_per_layer < 1 ||
      config.directions_per_layer > static_cast<int64_t>(count)) {
    return absl::InvalidArgumentError(
        absl::StrCat("search.directions_per_layer is ", config.directions_per_layer,
                     ", wanted 1 to the number of candidates, which is ", count));
  }
  if (config.width.has_value() && *config.width < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("search.width is ", *config.width, ", wanted a number from 1"));
  }
  return absl::OkStatus();
}

absl::StatusOr<NetworkConfig> MakeSupernet(const NetworkConfig& target,
                                           const SearchConfig& config) {
  const size_t layers = Scan(target).directions.size();
  NetworkConfig supernet =
      WithDirections(target, std::vector<LayerDirections>(layers, config.candidates));
  LM_RETURN_IF_ERROR(std::visit(
      [&](auto& family) {
        family.scan.supernet = true;
        return config.width.has_value() ? SetWidth(family, *config.width) : absl::OkStatus();
      },
      supernet));
  LM_RETURN_IF_ERROR(Annotate(Validate(supernet), "supernet"));
  return supernet;
}

NetworkConfig WithDirections(NetworkConfig target, std::vector<LayerDirections> directions) {
  std::visit(
      [&](auto& family) {
        family.scan.supernet = false;
        family.scan.directions = std::move(directions);
      },
      target);
  return target;
}

const ScanConfig& Scan(const NetworkConfig& config) {
  return std::visit([](const auto& family) -> const ScanConfig& { return family.scan; }, config);
}

std::vector<LayerDirections> RandomDirections(const SearchConfig& config, size_t layers,
                                              uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<LayerDirections> result(layers);
  for (LayerDirections& layer : result) {
    // Selection sampling (Knuth, algorithm S): each candidate is taken with the probability that
    // leaves every set equally likely. Not std::sample: its draws differ between libraries.
    auto wanted = static_cast<uint64_t>(config.directions_per_layer);
    uint64_t left = config.candidates.size();
    for (const ScanDirection& candidate : config.candidates) {
      if (random() % left < wanted) {
        layer.push_back(candidate);
        --wanted;
      }
      --left;
    }
  }
  return result;
}

}  // namespace localmamba
