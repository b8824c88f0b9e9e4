// What the weights of a supernet say about its directions (reference §8.1).
#ifndef LOCALMAMBA_MODEL_SEARCH_DIRECTION_PROBABILITIES_H_
#define LOCALMAMBA_MODEL_SEARCH_DIRECTION_PROBABILITIES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/layers/mixer_config.h"

namespace localmamba {

// Of one layer.
struct DirectionProbabilities {
  std::vector<double> probability;  // in the order of the candidates; sums to 1
  double entropy = 0;               // in nats
  // Between the least probable direction that is chosen and the most probable other one, which
  // counts as 0 if all are chosen.
  double margin = 0;
};

// True for the parameter of a layer that weights its directions; a network has one per layer, in
// layer order.
bool IsDirectionWeights(absl::string_view parameter_name);

// softmax(alpha), where 1 <= directions_per_layer <= alpha.size() will be chosen.
DirectionProbabilities ComputeDirectionProbabilities(absl::Span<const float> alpha,
                                                     int64_t directions_per_layer);

// The `count` most probable candidates, in candidate order; of equal ones the first.
LayerDirections SelectDirections(const LayerDirections& candidates,
                                 absl::Span<const double> probability, int64_t count);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_SEARCH_DIRECTION_PROBABILITIES_H_
