// The class of each pixel of a segmenter's images.
#ifndef LOCALMAMBA_MODEL_ENGINE_LABEL_MAPS_H_
#define LOCALMAMBA_MODEL_ENGINE_LABEL_MAPS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

// What Engine::Segment is asked for. Logits become as large as the input first, and their part
// without padding becomes as large as the label map (kernels/image/resize_argmax.h).
struct LabelMapRequest {
  // As for Engine::Run: height and width of the images inside their padded inputs.
  ConstTensorView sizes = {};
  // Height and width of the label maps, of which there is one for each image, in host memory,
  // dense: (B, 2), i32, as a rule those of the image before it was resized; empty: as `sizes`.
  ConstTensorView label_sizes = {};
  bool confidence = false;
};

// Of one image.
struct ImageLabels {
  Tensor labels;      // (height, width), i32
  Tensor confidence;  // (height, width), float32: the probability of that class; empty if not asked
};

// What is asked for of one image.
struct LabelMapSize {
  int64_t input_height, input_width;
  int64_t rows, columns;  // of the input without its padding
  int64_t height, width;  // of the label map
};

// Of each image of `input`, which is valid. Errors: INVALID_ARGUMENT if the request does not fit it.
absl::StatusOr<std::vector<LabelMapSize>> LabelMapSizes(const LabelMapRequest& request,
                                                        const ConstTensorView& input);

// Errors: FAILED_PRECONDITION unless `logits` are those of a segmenter, (B, h, w, classes).
absl::Status CheckSegmenterLogits(const ConstTensorView& logits);

// Of one image from its logits, (h, w, classes), all in memory of the stream's device. Confidence is
// made if there is a tensor for it. Enqueues. Errors: those of ResizeArgmax.
absl::Status MakeLabels(const ConstTensorView& logits, const LabelMapSize& size,
                        const ImageLabels& result, Stream& stream);

// Of all images from their logits, (B, h, w, classes), in host memory on a CPU stream.
// Errors: those of the three above; RESOURCE_EXHAUSTED.
absl::StatusOr<std::vector<ImageLabels>> MakeLabelMaps(const ConstTensorView& logits,
                                                       const ConstTensorView& input,
                                                       const LabelMapRequest& request,
                                                       Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_ENGINE_LABEL_MAPS_H_
