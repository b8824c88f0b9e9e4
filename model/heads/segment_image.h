// From a preprocessed image to the class of each pixel of the source image (reference H, sections
// 8.3 and 8.4): logits at the size of the network's input, of the whole image or window by window,
// then, at the size of the source, the class with the largest. Both resizes are part of the result.
#ifndef LOCALMAMBA_MODEL_HEADS_SEGMENT_IMAGE_H_
#define LOCALMAMBA_MODEL_HEADS_SEGMENT_IMAGE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor.h"
#include "model/engine/engine.h"
#include "model/heads/head_config.h"

namespace localmamba {

// A segmenter's logits (1, h, w, classes) at another size: (1, height, width, classes).
// Tensors are float32 in host memory, as below; `stream` is the CPU's.
absl::StatusOr<Tensor> ResizeLogits(const ConstTensorView& logits, int64_t height, int64_t width,
                                    Stream& stream);

// The logits of an image at its own size, (1, H, W, classes). input: (1, 3, H, W), normalised.
// `engine` runs a segmenter. With `slide` it sees windows of the image, moved inwards where they
// would reach beyond it; where windows overlap, their logits' mean is taken.
// Errors: INVALID_ARGUMENT for another shape or dtype; those of Engine::Run.
absl::StatusOr<Tensor> SegmentInput(Engine& engine, const ConstTensorView& input,
                                    const std::optional<SlideConfig>& slide, Stream& stream);

// The class of each pixel of an image of height x width pixels: (height, width), i32.
// logits: (1, H, W, classes). Errors: RESOURCE_EXHAUSTED.
absl::StatusOr<Tensor> LabelMap(const ConstTensorView& logits, int64_t height, int64_t width,
                                Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_SEGMENT_IMAGE_H_
