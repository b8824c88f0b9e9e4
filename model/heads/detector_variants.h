// The detectors of the paper by the names of their official configurations (reference H, section
// 0.2), which differ from one another in how they are trained only where nothing else is said.
#ifndef LOCALMAMBA_MODEL_HEADS_DETECTOR_VARIANTS_H_
#define LOCALMAMBA_MODEL_HEADS_DETECTOR_VARIANTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/heads/detection_config.h"
#include "model/networks/network_config.h"
#include "model/vision/keep_ratio.h"

namespace localmamba {

struct DetectorVariant {
  NetworkConfig backbone;
  DetectionConfig detection;
  KeepRatioConfig preprocess;
};

// mask_rcnn_local_vssm_{tiny,small}_fpn_coco, the same with _ms_3x, and
// vitdet_cascade_mask-rcnn_local_vim_{tiny,small}_lsj-100e, which for all its name is no cascade.
std::vector<std::string> DetectorVariantNames();

// Errors: NOT_FOUND naming the variant and those that exist.
absl::StatusOr<DetectorVariant> DetectorVariantConfig(absl::string_view name);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_DETECTOR_VARIANTS_H_
