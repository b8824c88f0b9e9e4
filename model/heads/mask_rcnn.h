// Mask R-CNN (He et al., arXiv:1703.06870) on a LocalMamba backbone: boxes, classes and masks of the
// objects in an image. One definition for serving and for training, parameters under the names of
// the official checkpoints.
#ifndef LOCALMAMBA_MODEL_HEADS_MASK_RCNN_H_
#define LOCALMAMBA_MODEL_HEADS_MASK_RCNN_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/heads/backbone.h"
#include "model/heads/box_head.h"
#include "model/heads/detection_config.h"
#include "model/heads/mask_head.h"
#include "model/heads/neck.h"
#include "model/heads/rpn_head.h"

namespace localmamba {

// K = max_detections, best first; rows from counts[b] on mean nothing. Boxes are in the coordinates
// of the network's input.
struct Detections {
  Value boxes;        // (B, K, 4), float32
  Value scores;       // (B, K), float32
  Value classes;      // (B, K), i32
  Value counts;       // (B), i32
  Value mask_logits;  // (B, R, kMaskSize, kMaskSize), float32; counts[b] <= R <= K
};

// What the detector computes on the way.
struct DetectorStages {
  std::vector<Value> features;  // of the backbone, (B, H, W, C)
  Pyramid pyramid;
  RpnMaps rpn;
  Proposals proposals;
  BoxPredictions box_predictions;  // of the first R proposals, where all counts are at most R
};

// Used as a Network is (model/networks/network.h): fill parameters(), Pack, then Forward any number
// of times, from several threads if each has its own stream.
class MaskRcnn {
 public:
  // Errors: those of Validate of both configurations.
  static absl::StatusOr<std::unique_ptr<MaskRcnn>> Create(const NetworkConfig& backbone,
                                                          const DetectionConfig& config);
  MaskRcnn(const MaskRcnn&) = delete;
  MaskRcnn& operator=(const MaskRcnn&) = delete;

  [[nodiscard]] ParameterSet& parameters() { return parameters_; }
  [[nodiscard]] const ParameterSet& parameters() const { return parameters_; }

  // Errors: those of Network::Pack.
  absl::Status Pack(OpContext& context);

  // input: (B, 3, H, W) in the context's dtype, normalised and padded. limits: (B, 2), float32, on
  // the context's device: height and width that boxes are clipped to. What an image gives does not
  // depend on the others in the batch. `stages`, if there is one, gets all that is computed.
  // Errors: FAILED_PRECONDITION before Pack; INVALID_ARGUMENT for another shape;
  // RESOURCE_EXHAUSTED; UNIMPLEMENTED where an operation is missing on the device.
  absl::StatusOr<Detections> Forward(OpContext& context, const Value& input, const Value& limits,
                                     DetectorStages* stages = nullptr);

  // For who has proposals from elsewhere.
  [[nodiscard]] const BoxHead& box_head() const { return box_head_; }

 private:
  MaskRcnn(const NetworkConfig& backbone, const DetectionConfig& config);

  ParameterSet parameters_;
  Backbone backbone_;
  std::unique_ptr<Neck> neck_;
  RpnHead rpn_head_;
  BoxHead box_head_;
  MaskHead mask_head_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_MASK_RCNN_H_
