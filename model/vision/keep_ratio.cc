#include "model/vision/keep_ratio.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/status_macros.h"
#include "kernels/image/resize_fixed_point.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

constexpr int64_t kMaxSide = 16384;

absl::Status InRange(absl::string_view field, int64_t value, int64_t low, int64_t high) {
  if (low <= value && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", wanted ", low, " to ", high));
}

int64_t RoundUp(int64_t value, int64_t divisor) {
  return (value + divisor - 1) / divisor * divisor;
}

// The pixels in the upper left corner of a larger image of one value.
absl::StatusOr<Tensor> PadPixels(const Tensor& pixels, int64_t side, int64_t value,
                                 Allocator& allocator) {
  LM_ASSIGN_OR_RETURN(Tensor padded, Tensor::Allocate(allocator, DType::kUInt8, {side, side, 3}));
  std::memset(padded.data<uint8_t>(), static_cast<int>(value),
              static_cast<size_t>(padded.elements()));
  const int64_t row = pixels.dim(1) * 3;
  for (int64_t y = 0; y < pixels.dim(0); ++y) {
    std::copy_n(pixels.data<uint8_t>() + y * row, row, padded.data<uint8_t>() + y * side * 3);
  }
  return padded;
}

// (3, h, w) in the upper left corner of (3, H, W), zeros elsewhere.
absl::StatusOr<Tensor> PadInput(const Tensor& input, int64_t H, int64_t W, Allocator& allocator) {
  const int64_t h = input.dim(1);
  const int64_t w = input.dim(2);
  if (h == H && w == W) return input;
  LM_ASSIGN_OR_RETURN(Tensor padded, Tensor::Allocate(allocator, DType::kFloat32, {3, H, W}));
  std::fill_n(padded.data<float>(), padded.elements(), 0.0F);
  for (int64_t row = 0; row < 3 * h; ++row) {
    std::copy_n(input.data<float>() + row * w, w,
                padded.data<float>() + (row / h * H + row % h) * W);
  }
  return padded;
}

}  // namespace

absl::Status Validate(const KeepRatioConfig& config) {
  LM_RETURN_IF_ERROR(InRange("long_side", config.long_side, 1, kMaxSide));
  LM_RETURN_IF_ERROR(InRange("short_side", config.short_side, 1, config.long_side));
  LM_RETURN_IF_ERROR(InRange("pad_divisor", config.pad_divisor, 1, kMaxSide));
  if (config.pad_side != 0) {
    LM_RETURN_IF_ERROR(InRange("pad_side", config.pad_side, config.long_side, kMaxSide));
  }
  return InRange("pad_value", config.pad_value, 0, 255);
}

ImageGeometry KeepRatioGeometry(const KeepRatioConfig& config, int64_t height, int64_t width) {
  const auto h = static_cast<double>(height);
  const auto w = static_cast<double>(width);
  const double factor = std::min(static_cast<double>(config.long_side) / std::max(h, w),
                                 static_cast<double>(config.short_side) / std::min(h, w));
  ImageGeometry geometry{.source_height = height, .source_width = width};
  geometry.resized_height = std::max<int64_t>(1, static_cast<int64_t>(h * factor + 0.5));
  geometry.resized_width = std::max<int64_t>(1, static_cast<int64_t>(w * factor + 0.5));
  const bool square = config.pad_side != 0;
  geometry.input_height =
      square ? config.pad_side : RoundUp(geometry.resized_height, config.pad_divisor);
  geometry.input_width =
      square ? config.pad_side : RoundUp(geometry.resized_width, config.pad_divisor);
  geometry.limit_height =
      static_cast<float>(square ? geometry.input_height : geometry.resized_height);
  geometry.limit_width = static_cast<float>(square ? geometry.input_width : geometry.resized_width);
  return geometry;
}

InputSize LargestInput(const KeepRatioConfig& config) {
  if (config.pad_side != 0) return {config.pad_side, config.pad_side};
  return {RoundUp(config.short_side, config.pad_divisor),
          RoundUp(config.long_side, config.pad_divisor)};
}

absl::StatusOr<PreparedImage> ResizeKeepRatio(const KeepRatioConfig& config,
                                              const PixelNormalization& normalization,
                                              const ConstTensorView& image, Allocator& allocator,
                                              Stream& stream) {
  LM_RETURN_IF_ERROR(Validate(config));
  const ArgChecker check("resize_keep_ratio", Device::Cpu());
  LM_RETURN_IF_ERROR(check.Dense("image", image, DType::kUInt8, {-1, -1, 3}));
  if (image.elements() == 0) return check.Error("image", image, "at least one pixel");
  PreparedImage result;
  result.geometry = KeepRatioGeometry(config, image.dim(0), image.dim(1));
  const ImageGeometry& geometry = result.geometry;
  LM_ASSIGN_OR_RETURN(Tensor pixels,
                      Tensor::Allocate(allocator, DType::kUInt8,
                                       {geometry.resized_height, geometry.resized_width, 3}));
  LM_RETURN_IF_ERROR(ResizeFixedPoint(image, pixels, stream));
  if (config.pad_side != 0) {
    LM_ASSIGN_OR_RETURN(pixels, PadPixels(pixels, config.pad_side, config.pad_value, allocator));
  }
  const int64_t h = pixels.dim(0);
  const int64_t w = pixels.dim(1);
  LM_ASSIGN_OR_RETURN(const Tensor normalized,
                      Tensor::Allocate(allocator, DType::kFloat32, {3, h, w}));
  LM_RETURN_IF_ERROR(NormalizePixels(pixels.Reshape({1, h, w, 3}), normalization,
                                     normalized.Reshape({1, 3, h, w}), stream));
  LM_ASSIGN_OR_RETURN(result.input,
                      PadInput(normalized, geometry.input_height, geometry.input_width, allocator));
  return result;
}

}  // namespace localmamba
