// From what a detector computes to the objects in the image.
#ifndef LOCALMAMBA_MODEL_VISION_DETECTED_OBJECTS_H_
#define LOCALMAMBA_MODEL_VISION_DETECTED_OBJECTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/detection/box.h"
#include "kernels/detection/run_lengths.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"
#include "model/vision/keep_ratio.h"

namespace localmamba {

struct DetectedObject {
  Box box;  // in pixels of the image; may reach beyond it where the model's input is padded
  float score = 0;
  int64_t class_id = 0;
  RunLengths mask;  // of the image's size; empty (0 x 0) if masks are not wanted
};

// The detections of one image, in host memory.
struct RawDetections {
  int64_t count = 0;
  ConstTensorView boxes;        // (K, 4), float32, in coordinates of the input; K >= count
  ConstTensorView scores;       // (K), float32
  ConstTensorView classes;      // (K), i32
  ConstTensorView mask_logits;  // (R, M, M), float32, R >= count; absent: no masks
};

// In the order of the detections. `stream` is of the CPU. Errors: INVALID_ARGUMENT if shapes or
// dtypes disagree.
absl::StatusOr<std::vector<DetectedObject>> FindObjects(const RawDetections& detections,
                                                        const ImageGeometry& geometry,
                                                        Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_DETECTED_OBJECTS_H_
