// Region proposal network (reference H, section 4): scores the anchors of every map of the pyramid
// and moves them; the best become proposals.
#ifndef LOCALMAMBA_MODEL_HEADS_RPN_HEAD_H_
#define LOCALMAMBA_MODEL_HEADS_RPN_HEAD_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/heads/detection_config.h"
#include "model/heads/neck.h"
#include "model/layers/map_conv.h"

namespace localmamba {

// Per map of the pyramid.
struct RpnMaps {
  std::vector<Value> logits;  // (B, H, W, kAnchorsPerCell)
  std::vector<Value> deltas;  // (B, H, W, 4 kAnchorsPerCell): dx, dy, dw, dh of each anchor
};

// In the coordinates of the network's input, best first. Rows from counts[b] on are 0.
struct Proposals {
  Value boxes;   // (B, max_proposals, 4)
  Value scores;  // (B, max_proposals)
  Value counts;  // (B), i32
};

class RpnHead {
 public:
  RpnHead(ParameterSet& parameters, const DetectionConfig& config);

  absl::Status Pack(OpContext& context);
  [[nodiscard]] absl::StatusOr<RpnMaps> Forward(OpContext& context, const Pyramid& pyramid) const;
  // limits: (B, 2), float32: height and width that proposals are clipped to.
  [[nodiscard]] absl::StatusOr<Proposals> Propose(OpContext& context, const Pyramid& pyramid,
                                                  const RpnMaps& maps, const Value& limits) const;

 private:
  DetectionConfig config_;
  std::vector<MapConv> convs_;
  MapConv cls_;
  MapConv reg_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_RPN_HEAD_H_
