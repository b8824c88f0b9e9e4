// Feature pyramid network (Lin et al., arXiv:1612.03144): each map is brought to one width, the next
// coarser one is added to it, and a convolution smooths the sum. One more map takes every second
// cell of the coarsest.
#ifndef LOCALMAMBA_MODEL_HEADS_FPN_H_
#define LOCALMAMBA_MODEL_HEADS_FPN_H_

#include <vector>

#include "model/heads/neck.h"
#include "model/layers/map_conv.h"

namespace localmamba {

class Fpn final : public Neck {
 public:
  Fpn(ParameterSet& parameters, std::vector<FeatureShape> features, int64_t channels);

  absl::Status Pack(OpContext& context) override;
  [[nodiscard]] absl::StatusOr<Pyramid> Forward(OpContext& context,
                                                absl::Span<const Value> features) const override;

 private:
  std::vector<FeatureShape> features_;
  std::vector<MapConv> lateral_convs_;
  std::vector<MapConv> fpn_convs_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_FPN_H_
