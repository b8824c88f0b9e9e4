// The augmentation of one image, up to the pixels that are normalised.
#ifndef LOCALMAMBA_MODEL_DATA_AUGMENT_IMAGE_H_
#define LOCALMAMBA_MODEL_DATA_AUGMENT_IMAGE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor_view.h"
#include "model/data/augmentation.h"
#include "model/data/random_draws.h"
#include "model/data/rgb_image.h"
#include "model/data/sample_bicubic.h"

namespace localmamba {

// The part of a height x width image that a random resized crop takes: up to 10 attempts to fit an
// area and an aspect ratio, then the largest centre crop with the nearest allowed ratio.
Region DrawCrop(const AugmentationConfig& config, int64_t height, int64_t width,
                RandomDraws& draws);

// Brightness, contrast and saturation in random order, each by a factor uniform in
// [1 - strength, 1 + strength].
void JitterColors(double strength, RandomDraws& draws, RgbImage& image);

// Crop, flip and RandAugment or colour jitter.
// image: (H, W, 3), u8, RGB, dense, on the CPU, as is `stream`. Returns height x width pixels.
// Errors: INVALID_ARGUMENT if `image` is none.
absl::StatusOr<RgbImage> AugmentImage(const AugmentationConfig& config,
                                      const ConstTensorView& image, int64_t height, int64_t width,
                                      RandomDraws& draws, Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_AUGMENT_IMAGE_H_
