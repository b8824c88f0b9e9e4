#include "model/data/augment_image.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "kernels/base/status_macros.h"
#include "kernels/image/resize_antialiased.h"
#include "model/data/color_operations.h"
#include "model/data/geometric_operations.h"
#include "model/data/rand_augment.h"

namespace localmamba {
namespace {

// Halves to even, as Python's round.
int64_t Round(double value) { return std::llrint(value); }

Region RegionAt(int64_t left, int64_t top, int64_t width, int64_t height) {
  return {left, top, left + width, top + height};
}

absl::StatusOr<RgbImage> ResizedCrop(const ConstTensorView& image, const Region& crop,
                                     int64_t height, int64_t width, Stream& stream) {
  RgbImage result(height, width);
  const ConstTensorView part =
      image.Slice(0, crop.top, crop.bottom).Slice(1, crop.left, crop.right);
  LM_RETURN_IF_ERROR(ResizeAntialiased(part, ResizeFilter::kBicubic, result.view(), stream));
  return result;
}

// The image moved by up to `padding` pixels along each axis, with black where it leaves.
RgbImage ShiftedCrop(const RgbImage& image, int64_t padding, RandomDraws& draws) {
  const int64_t down = draws.Below(2 * padding + 1) - padding;
  const int64_t right = draws.Below(2 * padding + 1) - padding;
  RgbImage result(image.height(), image.width());
  const int64_t columns = image.width() - std::abs(right);
  if (columns <= 0) return result;
  for (int64_t y = std::max<int64_t>(down, 0); y < image.height() + std::min<int64_t>(down, 0);
       ++y) {
    std::memcpy(result.row(y) + std::max<int64_t>(right, 0) * 3,
                image.row(y - down) + std::max<int64_t>(-right, 0) * 3,
                static_cast<size_t>(columns * 3));
  }
  return result;
}

absl::StatusOr<RgbImage> CropImage(const AugmentationConfig& config, const ConstTensorView& image,
                                   int64_t height, int64_t width, RandomDraws& draws,
                                   Stream& stream) {
  if (config.crop_padding == 0) {
    const Region crop = DrawCrop(config, image.dim(0), image.dim(1), draws);
    return ResizedCrop(image, crop, height, width, stream);
  }
  const Region whole = {0, 0, image.dim(1), image.dim(0)};
  LM_ASSIGN_OR_RETURN(const RgbImage resized, ResizedCrop(image, whole, height, width, stream));
  return ShiftedCrop(resized, config.crop_padding, draws);
}

}  // namespace

Region DrawCrop(const AugmentationConfig& config, int64_t height, int64_t width,
                RandomDraws& draws) {
  const auto area = static_cast<double>(height * width);
  constexpr int kAttempts = 10;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double crop_area = draws.Uniform(config.min_crop_area, config.max_crop_area) * area;
    const double ratio =
        std::exp(draws.Uniform(std::log(config.min_crop_ratio), std::log(config.max_crop_ratio)));
    const int64_t crop_width = Round(std::sqrt(crop_area * ratio));
    const int64_t crop_height = Round(std::sqrt(crop_area / ratio));
    if (crop_width < 1 || crop_width > width || crop_height < 1 || crop_height > height) continue;
    const int64_t top = draws.Below(height - crop_height + 1);
    return RegionAt(draws.Below(width - crop_width + 1), top, crop_width, crop_height);
  }
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  int64_t crop_width = width;
  int64_t crop_height = height;
  if (ratio < config.min_crop_ratio) {
    crop_height = Round(static_cast<double>(width) / config.min_crop_ratio);
  } else if (ratio > config.max_crop_ratio) {
    crop_width = Round(static_cast<double>(height) * config.max_crop_ratio);
  }
  crop_height = std::clamp<int64_t>(crop_height, 1, height);
  crop_width = std::clamp<int64_t>(crop_width, 1, width);
  return RegionAt((width - crop_width) / 2, (height - crop_height) / 2, crop_width, crop_height);
}

void JitterColors(double strength, RandomDraws& draws, RgbImage& image) {
  std::array<void (*)(RgbImage&, double), 3> operations = {&AdjustBrightness, &AdjustContrast,
                                                           &AdjustSaturation};
  for (size_t i = 0; i < operations.size(); ++i) {
    const auto rest = static_cast<int64_t>(operations.size() - i);
    std::swap(operations[i], operations[i + static_cast<size_t>(draws.Below(rest))]);
    operations[i](image, draws.Uniform(1 - strength, 1 + strength));
  }
}

absl::StatusOr<RgbImage> AugmentImage(const AugmentationConfig& config,
                                      const ConstTensorView& image, int64_t height, int64_t width,
                                      RandomDraws& draws, Stream& stream) {
  LM_ASSIGN_OR_RETURN(RgbImage result, CropImage(config, image, height, width, draws, stream));
  if (draws.Chance(config.flip)) FlipHorizontally(result);
  if (config.rand_augment_operations > 0) {
    LM_RETURN_IF_ERROR(RandAugment(config, draws, stream, result));
  } else if (config.color_jitter > 0) {
    JitterColors(config.color_jitter, draws, result);
  }
  return result;
}

}  // namespace localmamba
