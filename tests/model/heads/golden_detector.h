// Runs the golden detectors.
#ifndef LOCALMAMBA_TESTS_MODEL_HEADS_GOLDEN_DETECTOR_H_
#define LOCALMAMBA_TESTS_MODEL_HEADS_GOLDEN_DETECTOR_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/device/stream.h"
#include "model/heads/mask_rcnn.h"
#include "tests/support/golden.h"

namespace localmamba {

DetectionConfig GoldenDetectionConfig(const nlohmann::json& golden_case);

struct GoldenDetectorOptions {
  Device device = Device::Cpu();
  DType dtype = DType::kFloat32;
  int threads = 1;  // of the CPU
};

// A detector, its weights filled and packed.
struct GoldenDetector {
  // CHECKs that all succeeds.
  static GoldenDetector Create(const nlohmann::json& golden_case,
                               const GoldenDetectorOptions& options = {});

  OpContext Context() { return {*stream, *memory, dtype}; }
  // Runs images, (B, 3, H, W), of these heights and widths, (B, 2).
  absl::StatusOr<NetworkOutput> Forward(const Value& images, const std::vector<float>& sizes,
                                        bool stages = false);
  // A tensor with these elements on the device. CHECKs that there is memory for it.
  [[nodiscard]] Value OnDevice(const std::vector<float>& elements, const Shape& shape,
                               DType as = DType::kFloat32) const;
  // The elements of a tensor on the device. CHECKs that all succeeds.
  [[nodiscard]] std::vector<double> Fetch(const Value& value) const;

  std::unique_ptr<Allocator> memory;
  std::unique_ptr<Stream> stream;
  DType dtype = DType::kFloat32;
  std::unique_ptr<MaskRcnn> detector;
};

// The stage of this name. CHECKs that there is one.
const Value& StageNamed(const NetworkOutput& output, const std::string& name);

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_MODEL_HEADS_GOLDEN_DETECTOR_H_
