// Which class each pixel has.
#ifndef LOCALMAMBA_SERVER_PIPELINE_SEGMENT_QUESTION_H_
#define LOCALMAMBA_SERVER_PIPELINE_SEGMENT_QUESTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/detection/run_lengths.h"
#include "kernels/tensor/tensor.h"
#include "server/pipeline/vision_answer.h"
#include "server/repository/model_version.h"

namespace localmamba::server {

// A class that occurs.
struct ImageRegion {
  int64_t class_id = 0;
  std::string name;
  Color color = {};
  int64_t area = 0;                 // pixels, from 1
  std::optional<float> confidence;  // mean probability of its pixels, if asked for
  RunLengths mask;                  // its pixels, if asked for; else 0 x 0
};

struct Segmentation : VisionAnswer {
  int64_t image_height = 0;
  int64_t image_width = 0;
  // One of them, or masks of the regions, as asked for; of the image's size.
  std::string label_map_png;
  Tensor labels;                     // (H, W), i32
  std::vector<ImageRegion> regions;  // by class
};

struct SegmentQuestion {
  using Answer = Segmentation;
  static constexpr ModelTask kTask = ModelTask::kSegmentation;
  static constexpr bool kLongAnswer = true;

  enum class Format : uint8_t { kPng, kRunLengths, kLabels };

  Format format = Format::kPng;
  bool confidence = false;

  [[nodiscard]] absl::Status Check(const ModelVersion& /*model*/) const { return absl::OkStatus(); }
  // Errors: those of what resizes logits, encodes and measures; RESOURCE_EXHAUSTED.
  [[nodiscard]] absl::StatusOr<Segmentation> MakeAnswer(const ModelVersion& model,
                                                        const ImageResult& result) const;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_SEGMENT_QUESTION_H_
