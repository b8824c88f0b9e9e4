// What a detector adds to its backbone. Every field maps to a field of localmamba.v1.DetectionSpec
// (docs/model-format.md).
#ifndef LOCALMAMBA_MODEL_HEADS_DETECTION_CONFIG_H_
#define LOCALMAMBA_MODEL_HEADS_DETECTION_CONFIG_H_

#include <cstdint>

#include "absl/status/status.h"
#include "model/networks/network_config.h"

namespace localmamba {

enum class NeckKind : uint8_t {
  kFpn,        // of the feature maps of several stages, with a top-down path
  kSimpleFpn,  // of one feature map, as in ViTDet
};

// Mask R-CNN (reference H, sections 3 to 7).
struct DetectionConfig {
  NeckKind neck = NeckKind::kFpn;
  int64_t num_classes = 80;
  int64_t channels = 256;  // of the pyramid and of the convolutions of the heads
  int64_t rpn_convs = 1;
  int64_t box_convs = 0;  // before the fully connected layers of the box head
  int64_t box_fcs = 2;
  int64_t box_fc_width = 1024;
  int64_t mask_convs = 4;
  bool norm = false;  // a LayerNorm over the channels after each convolution of box and mask head

  // Of each map of the pyramid the best proposal_candidates anchors are candidates, of which
  // overlaps above proposal_iou are suppressed and the best max_proposals kept.
  int64_t proposal_candidates = 1000;
  int64_t max_proposals = 1000;
  float proposal_iou = 0.7F;
  // Boxes that score above score_threshold, overlaps of one class above iou_threshold suppressed.
  float score_threshold = 0.05F;
  float iou_threshold = 0.5F;
  int64_t max_detections = 100;
};

// Errors: INVALID_ARGUMENT naming the first field that is out of range or does not fit the
// backbone, what was found and what was wanted.
absl::Status Validate(const DetectionConfig& config, const NetworkConfig& backbone);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_DETECTION_CONFIG_H_
