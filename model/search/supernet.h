// Networks before and after a search of scan directions (reference §8).
#ifndef LOCALMAMBA_MODEL_SEARCH_SUPERNET_H_
#define LOCALMAMBA_MODEL_SEARCH_SUPERNET_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/layers/mixer_config.h"
#include "model/networks/network_config.h"

namespace localmamba {

struct SearchConfig {
  LayerDirections candidates = OfficialCandidates();
  int64_t directions_per_layer = 4;
  // embed_dim (LocalVim) or dims[0], the others in proportion (LocalVMamba); none: as the target.
  std::optional<int64_t> width;
};

// Errors: INVALID_ARGUMENT naming the field (as in the message, e.g. search.candidates), what was
// found and what was wanted: candidates that are too many or given twice, more directions per layer
// than candidates.
absl::Status Validate(const SearchConfig& config);

// The network that is trained to find the directions of `target`: all candidates in every layer,
// weighted, at the width of `config`. The directions of `target` do not matter, only their number.
// Errors: INVALID_ARGUMENT if a width of LocalVMamba is no whole number, or the result is not
// valid.
absl::StatusOr<NetworkConfig> MakeSupernet(const NetworkConfig& target, const SearchConfig& config);

// `target` with these directions, one entry per layer.
NetworkConfig WithDirections(NetworkConfig target, std::vector<LayerDirections> directions);

// The layers of either family.
const ScanConfig& Scan(const NetworkConfig& config);

// A comparison for what a search found: each layer draws `directions_per_layer` of the candidates
// at random, kept in candidate order. A function of its arguments alone.
std::vector<LayerDirections> RandomDirections(const SearchConfig& config, size_t layers,
                                              uint64_t seed);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_SEARCH_SUPERNET_H_
