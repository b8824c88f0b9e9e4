// From a prepared image to the class of each pixel of the source image (reference H, sections 8.3
// and 8.4): logits at the size of the network's input, of the whole image or window by window,
// then, without padding and at the size of the source, the class with the largest. Both resizes are
// part of the result.
//
// Tensors are float32 in host memory unless said otherwise; streams are the CPU's.
#ifndef LOCALMAMBA_MODEL_HEADS_SEGMENT_IMAGE_H_
#define LOCALMAMBA_MODEL_HEADS_SEGMENT_IMAGE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor.h"
#include "model/engine/engine.h"
#include "model/heads/head_config.h"
#include "model/vision/keep_ratio.h"

namespace localmamba {

// The logits of an image at its own size, (1, H, W, classes). input: (1, 3, H, W), normalised.
// `engine` runs a segmenter. With `slide` it sees windows of the image, moved inwards where they
// would reach beyond it; where windows overlap, their logits' mean is taken.
// Errors: INVALID_ARGUMENT for another shape or dtype; those of Engine::Run.
absl::StatusOr<Tensor> SegmentInput(Engine& engine, const ConstTensorView& input,
                                    const std::optional<SlideConfig>& slide, Stream& stream);

// What an engine gave, (1, h, w, classes), at the size of its input: (1, height, width, classes).
// SegmentInput does this itself. Errors: RESOURCE_EXHAUSTED.
absl::StatusOr<Tensor> ResizeLogits(const ConstTensorView& logits, int64_t height, int64_t width,
                                    Stream& stream);

// The class of each pixel of the source image, (source_height, source_width), i32.
// logits: (1, input_height, input_width, classes). Errors: INVALID_ARGUMENT for another shape or
// dtype; RESOURCE_EXHAUSTED.
absl::StatusOr<Tensor> LabelMap(const Tensor& logits, const ImageGeometry& geometry,
                                Stream& stream);

// The logits that LabelMap compares, (1, source_height, source_width, classes): much memory.
absl::StatusOr<Tensor> SourceLogits(const Tensor& logits, const ImageGeometry& geometry,
                                    Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_SEGMENT_IMAGE_H_
