#include "tool/model_cost.h"

#include <variant>

#include "model/heads/detector_complexity.h"
#include "model/heads/segmenter_complexity.h"
#include "model/vision/keep_ratio.h"

namespace localmamba::tool {

Shape UsualInput(const ModelSpec& spec) {
  if (spec.task == ModelTask::kSegmentation) {
    return {spec.keep_ratio->short_side, spec.keep_ratio->short_side};
  }
  if (!spec.keep_ratio.has_value()) {
    return {spec.preprocess.crop_height, spec.preprocess.crop_width};
  }
  const ImageGeometry geometry =
      KeepRatioGeometry(*spec.keep_ratio, spec.keep_ratio->short_side, spec.keep_ratio->long_side);
  return {geometry.input_height, geometry.input_width};
}

absl::StatusOr<Complexity> CountModelComplexity(const ModelSpec& spec, int64_t height,
                                                int64_t width) {
  if (const auto* detection = std::get_if<DetectionConfig>(&spec.head)) {
    return CountDetectorComplexity(spec.network, *detection, height, width);
  }
  if (const auto* segmentation = std::get_if<SegmentationConfig>(&spec.head)) {
    return CountSegmenterComplexity(spec.network, *segmentation, height, width);
  }
  return CountComplexity(spec.network, height, width);
}

}  // namespace localmamba::tool
