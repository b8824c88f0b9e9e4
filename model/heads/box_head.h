// Classifies proposals and moves them for each class (reference H, section 6): Shared2FC without
// convolutions, Shared4Conv1FC with four.
#ifndef LOCALMAMBA_MODEL_HEADS_BOX_HEAD_H_
#define LOCALMAMBA_MODEL_HEADS_BOX_HEAD_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/heads/conv_stack.h"
#include "model/heads/detection_config.h"
#include "model/heads/neck.h"
#include "model/heads/rpn_head.h"
#include "model/layers/linear_layer.h"

namespace localmamba {

// Of R regions per image.
struct BoxPredictions {
  Value logits;  // (B, R, num_classes + 1); the last is the background
  Value deltas;  // (B, R, num_classes, 4)
};

class BoxHead {
 public:
  BoxHead(ParameterSet& parameters, const DetectionConfig& config);

  absl::Status Pack(OpContext& context);
  // boxes: (B, R, 4); counts: (B), i32. Predictions of rows from counts[b] on mean nothing.
  [[nodiscard]] absl::StatusOr<BoxPredictions> Forward(OpContext& context, const Pyramid& pyramid,
                                                       const Value& boxes,
                                                       const Value& counts) const;
  // The detections: boxes in the coordinates of the network's input, best first; groups are classes.
  // limits as in RpnHead::Propose.
  [[nodiscard]] absl::StatusOr<ops::KeptBoxes> Detect(OpContext& context,
                                                      const BoxPredictions& predictions,
                                                      const Value& boxes, const Value& counts,
                                                      const Value& limits) const;

 private:
  // The weight of the first layer, whose columns are in the order channel, row, column officially, in
  // the order of regions that are channels last.
  absl::Status PackFirst(OpContext& context);

  DetectionConfig config_;
  ConvStack convs_;
  Parameter* first_weight_parameter_;
  Parameter* first_bias_parameter_;
  Value first_weight_;
  Value first_bias_;
  std::vector<LinearLayer> more_fcs_;
  LinearLayer cls_;
  LinearLayer reg_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_BOX_HEAD_H_
