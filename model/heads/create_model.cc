#include "model/heads/create_model.h"

#include "kernels/base/status_macros.h"
#include "model/heads/segmenter.h"

namespace localmamba {

absl::StatusOr<std::unique_ptr<Network>> CreateModel(const NetworkConfig& network,
                                                     const HeadConfig& head) {
  LM_RETURN_IF_ERROR(Validate(network));
  LM_RETURN_IF_ERROR(Validate(head, network));
  if (std::holds_alternative<DetectionConfig>(head)) {
    return absl::UnimplementedError("a detector is no Network yet, but a MaskRcnn");
  }
  const auto* segmentation = std::get_if<SegmentationConfig>(&head);
  if (segmentation == nullptr) return CreateNetwork(network);
  return std::make_unique<Segmenter>(network, *segmentation);
}

}  // namespace localmamba
