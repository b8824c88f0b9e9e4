// The pyramid of a plain backbone (Li et al., arXiv:2203.16527): one map is brought to four times,
// twice, once and half its fineness, each of which gets its own two convolutions with LayerNorms
// over the channels. One more map takes every second cell of the coarsest.
#ifndef LOCALMAMBA_MODEL_HEADS_SIMPLE_FPN_H_
#define LOCALMAMBA_MODEL_HEADS_SIMPLE_FPN_H_

#include <vector>

#include "model/heads/neck.h"
#include "model/layers/map_conv.h"
#include "model/layers/norm_layer.h"
#include "model/layers/transposed_conv.h"

namespace localmamba {

class SimpleFpn final : public Neck {
 public:
  // feature.channels is a multiple of 4.
  SimpleFpn(ParameterSet& parameters, const FeatureShape& feature, int64_t channels);

  absl::Status Pack(OpContext& context) override;
  // features: one map, of at least 2 x 2 cells.
  [[nodiscard]] absl::StatusOr<Pyramid> Forward(OpContext& context,
                                                absl::Span<const Value> features) const override;

 private:
  // What each map of the pyramid goes through.
  struct Branch {
    MapConv lateral_conv;
    NormLayer lateral_norm;
    MapConv fpn_conv;
    NormLayer fpn_norm;
  };

  // The one map at four finenesses, finest first.
  [[nodiscard]] absl::StatusOr<std::vector<Value>> Rescale(OpContext& context,
                                                           const Value& feature) const;

  FeatureShape feature_;
  TransposedConv fpn1_first_;
  NormLayer fpn1_norm_;
  TransposedConv fpn1_second_;
  TransposedConv fpn2_;
  std::vector<Branch> branches_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_SIMPLE_FPN_H_
