// Which objects there are.
#ifndef LOCALMAMBA_SERVER_PIPELINE_DETECT_QUESTION_H_
#define LOCALMAMBA_SERVER_PIPELINE_DETECT_QUESTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/detection/box.h"
#include "kernels/detection/mask_polygons.h"
#include "kernels/detection/run_lengths.h"
#include "server/pipeline/vision_answer.h"
#include "server/repository/model_version.h"

namespace localmamba::server {

struct FoundObject {
  Box box = {};  // in pixels of the image
  float score = 0;
  int64_t class_id = 0;
  std::string class_name;
  // One of them, as asked for.
  std::optional<RunLengths> mask;
  std::optional<std::vector<Polygon>> outlines;
};

struct FoundObjects : VisionAnswer {
  int64_t image_height = 0;
  int64_t image_width = 0;
  std::vector<FoundObject> objects;  // the highest score first
};

struct DetectQuestion {
  using Answer = FoundObjects;
  static constexpr ModelTask kTask = ModelTask::kDetection;
  static constexpr bool kLongAnswer = true;

  enum class Masks : uint8_t { kNone, kRunLengths, kOutlines };

  float score_threshold = 0;              // objects of a lower score are left out; 0 to 1
  std::optional<int64_t> max_detections;  // unset: what the model gives
  // Objects of these classes alone, of either list; of all if both are empty.
  std::vector<int64_t> class_ids;
  std::vector<std::string> class_names;
  Masks masks = Masks::kNone;

  // Errors: INVALID_ARGUMENT, with a reject reason, naming what is out of range or unknown to
  // `model`.
  [[nodiscard]] absl::Status Check(const ModelVersion& model) const;
  // Errors: those of FindObjects.
  [[nodiscard]] absl::StatusOr<FoundObjects> MakeAnswer(const ModelVersion& model,
                                                        const ImageResult& result) const;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_PIPELINE_DETECT_QUESTION_H_
