// Runs the golden detectors.
#ifndef LOCALMAMBA_TESTS_MODEL_HEADS_GOLDEN_DETECTOR_H_
#define LOCALMAMBA_TESTS_MODEL_HEADS_GOLDEN_DETECTOR_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "kernels/device/stream.h"
#include "model/heads/mask_rcnn.h"
#include "tests/support/golden.h"

namespace localmamba {

DetectionConfig GoldenDetectionConfig(const nlohmann::json& golden_case);

// A detector on the CPU, its weights filled and packed.
struct GoldenDetector {
  // CHECKs that all succeeds.
  static GoldenDetector Create(const nlohmann::json& golden_case, int threads = 1);

  OpContext Context() { return {*stream, *memory, DType::kFloat32}; }
  // A tensor with these elements.
  [[nodiscard]] static Value Constant(std::vector<float> elements, const Shape& shape);

  std::unique_ptr<Allocator> memory;
  std::unique_ptr<Stream> stream;
  std::unique_ptr<MaskRcnn> detector;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_MODEL_HEADS_GOLDEN_DETECTOR_H_
