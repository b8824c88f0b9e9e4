// Random erasing (Zhong et al. 2017) of normalised images (reference §7.4).
#ifndef LOCALMAMBA_MODEL_DATA_RANDOM_ERASING_H_
#define LOCALMAMBA_MODEL_DATA_RANDOM_ERASING_H_

#include <cstdint>
#include <optional>

#include "kernels/tensor/tensor_view.h"
#include "model/data/random_draws.h"
#include "model/data/sample_bicubic.h"

namespace localmamba {

// The rectangle to erase of a height x width image: 2% to a third of its area, an aspect ratio of
// 0.3 to 1 / 0.3, smaller than the image along both axes. None after 10 attempts.
std::optional<Region> DrawErasedRegion(int64_t height, int64_t width, RandomDraws& draws);

// With this probability, fills such a rectangle with normally distributed noise.
// image: (3, H, W), float32, dense.
void EraseRandomly(double probability, RandomDraws& draws, const TensorView& image);

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_RANDOM_ERASING_H_
