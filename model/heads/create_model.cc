#include "model/heads/create_model.h"

#include "kernels/base/status_macros.h"
#include "model/heads/mask_rcnn.h"
#include "model/heads/segmenter.h"

namespace localmamba {

absl::StatusOr<std::unique_ptr<Network>> CreateModel(const NetworkConfig& network,
                                                     const HeadConfig& head) {
  LM_RETURN_IF_ERROR(Validate(network));
  LM_RETURN_IF_ERROR(Validate(head, network));
  if (const auto* detection = std::get_if<DetectionConfig>(&head)) {
    return std::make_unique<MaskRcnn>(network, *detection);
  }
  if (const auto* segmentation = std::get_if<SegmentationConfig>(&head)) {
    return std::make_unique<Segmenter>(network, *segmentation);
  }
  return CreateNetwork(network);
}

}  // namespace localmamba
