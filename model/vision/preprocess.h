// From a decoded image to the pixels a network takes (reference §7, "Evaluation").
#ifndef LOCALMAMBA_MODEL_VISION_PREPROCESS_H_
#define LOCALMAMBA_MODEL_VISION_PREPROCESS_H_

#include "absl/status/statusor.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor.h"
#include "model/vision/preprocess_config.h"

namespace localmamba {

// image: (H, W, 3), u8, RGB, on the CPU. Returns (crop_height, crop_width, 3), u8, dense.
// Errors: INVALID_ARGUMENT for another dtype or shape or an empty image.
absl::StatusOr<Tensor> ResizeAndCrop(const PreprocessConfig& config, const ConstTensorView& image,
                                     Allocator& allocator, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_VISION_PREPROCESS_H_
