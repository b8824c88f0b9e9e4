// Mask R-CNN (He et al., arXiv:1703.06870) on a LocalMamba backbone: boxes, classes and masks of the
// objects in an image. One definition for serving and for training, parameters under the names of
// the official checkpoints.
#ifndef LOCALMAMBA_MODEL_HEADS_MASK_RCNN_H_
#define LOCALMAMBA_MODEL_HEADS_MASK_RCNN_H_

#include <cstdint>
#include <memory>

#include "model/heads/backbone.h"
#include "model/heads/box_head.h"
#include "model/heads/detection_config.h"
#include "model/heads/mask_head.h"
#include "model/heads/neck.h"
#include "model/heads/rpn_head.h"
#include "model/networks/network.h"

namespace localmamba {

// Forward gives detections; what an image gives does not depend on the others in its batch.
// Stages are "backbone.0", ..., "fpn.0", ..., "rpn_cls.0", ..., "rpn_reg.0", ...; of the R proposals
// that at least one image has "proposals.boxes" (B, R, 4), "proposals.scores" (B, R),
// "proposals.counts" (B), i32, "box_head.logits" (B, R, num_classes + 1) and "box_head.deltas"
// (B, R, 4 num_classes).
class MaskRcnn final : public Network {
 public:
  // Both are valid (model/heads/head_config.h).
  MaskRcnn(const NetworkConfig& backbone, const DetectionConfig& config);

  absl::Status Pack(OpContext& context) override;
  using Network::Forward;
  absl::StatusOr<NetworkOutput> Forward(OpContext& context, const Value& input,
                                        const ForwardOptions& options) override;
  [[nodiscard]] bool needs_sizes() const override { return true; }
  [[nodiscard]] int64_t depth() const override { return backbone_.network().depth(); }

  // For who has proposals from elsewhere.
  [[nodiscard]] const BoxHead& box_head() const { return box_head_; }

 private:
  // Adds the maps of scores and deltas to the stages if they are wanted.
  absl::StatusOr<Proposals> FindProposals(OpContext& context, const Pyramid& pyramid,
                                          const ForwardOptions& options,
                                          NetworkOutput& output) const;

  Backbone backbone_;
  std::unique_ptr<Neck> neck_;
  RpnHead rpn_head_;
  BoxHead box_head_;
  MaskHead mask_head_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_MASK_RCNN_H_
