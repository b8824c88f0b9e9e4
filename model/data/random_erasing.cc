#include "model/data/random_erasing.h"

#include <cmath>

namespace localmamba {

std::optional<Region> DrawErasedRegion(int64_t height, int64_t width, RandomDraws& draws) {
  constexpr int kAttempts = 10;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double area = draws.Uniform(0.02, 1.0 / 3) * static_cast<double>(height * width);
    const double ratio = std::exp(draws.Uniform(std::log(0.3), -std::log(0.3)));
    const int64_t h = std::llrint(std::sqrt(area * ratio));
    const int64_t w = std::llrint(std::sqrt(area / ratio));
    if (w >= width || h >= height) continue;
    const int64_t top = draws.Below(height - h + 1);
    const int64_t left = draws.Below(width - w + 1);
    return Region{left, top, left + w, top + h};
  }
  return std::nullopt;
}

void EraseRandomly(double probability, RandomDraws& draws, const TensorView& image) {
  if (!draws.Chance(probability)) return;
  const std::optional<Region> region = DrawErasedRegion(image.dim(1), image.dim(2), draws);
  if (!region.has_value()) return;
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t y = region->top; y < region->bottom; ++y) {
      float* row = image.data<float>() + (c * image.dim(1) + y) * image.dim(2);
      for (int64_t x = region->left; x < region->right; ++x) {
        row[x] = static_cast<float>(draws.Normal());
      }
    }
  }
}

}  // namespace localmamba
