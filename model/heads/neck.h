// From the feature maps of a backbone to a pyramid of maps of one width (reference H, section 3).
#ifndef LOCALMAMBA_MODEL_HEADS_NECK_H_
#define LOCALMAMBA_MODEL_HEADS_NECK_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/autograd/detection_operations.h"
#include "model/heads/backbone.h"
#include "model/heads/detection_config.h"

namespace localmamba {

// Finest map first, each half as fine as the one before. Regions are read from all but the last.
using Pyramid = std::vector<ops::PyramidLevel>;

class Neck {
 public:
  virtual ~Neck() = default;

  virtual absl::Status Pack(OpContext& context) = 0;
  // features: of the backbone, (B, H, W, C) each.
  [[nodiscard]] virtual absl::StatusOr<Pyramid> Forward(OpContext& context,
                                                        absl::Span<const Value> features) const = 0;
};

// Parameters `neck.*`.
std::unique_ptr<Neck> CreateNeck(ParameterSet& parameters, NeckKind kind,
                                 const std::vector<FeatureShape>& features, int64_t channels);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_NECK_H_
