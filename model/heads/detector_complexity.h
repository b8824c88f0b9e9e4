// Parameters and multiply-accumulate operations of a detector, by its parts.
#ifndef LOCALMAMBA_MODEL_HEADS_DETECTOR_COMPLEXITY_H_
#define LOCALMAMBA_MODEL_HEADS_DETECTOR_COMPLEXITY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "model/heads/detection_config.h"
#include "model/networks/complexity.h"

namespace localmamba {

// For one input of height x width pixels with as many proposals and detections as there may be: the
// layers of the backbone (CountComplexity), then "neck", "rpn_head", "roi_head.bbox_head" and
// "roi_head.mask_head", in which convolutions and linear layers are counted; so the official figure
// is that of the backbone with the same added. Errors: those of Validate of both configurations and
// of CountComplexity.
absl::StatusOr<Complexity> CountDetectorComplexity(const NetworkConfig& backbone,
                                                   const DetectionConfig& config, int64_t height,
                                                   int64_t width);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_DETECTOR_COMPLEXITY_H_
