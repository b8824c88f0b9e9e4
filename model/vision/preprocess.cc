#include "model/vision/preprocess.h"

#include <algorithm>
#include <cstring>

#include "kernels/base/status_macros.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

// (size - crop) / 2, halves rounded to even.
int64_t CropOffset(int64_t size, int64_t crop) {
  const int64_t twice = size - crop;
  const int64_t down = twice / 2;
  return twice % 2 == 0 ? down : down + down % 2;
}

}  // namespace

absl::StatusOr<Tensor> ResizeAndCrop(const PreprocessConfig& config, const ConstTensorView& image,
                                     Allocator& allocator, Stream& stream) {
  LM_RETURN_IF_ERROR(Validate(config));
  const ArgChecker check("resize_and_crop", Device::Cpu());
  LM_RETURN_IF_ERROR(check.Dense("image", image, DType::kUInt8, {-1, -1, 3}));
  const int64_t height = image.dim(0);
  const int64_t width = image.dim(1);
  if (height == 0 || width == 0) return check.Error("image", image, "at least one pixel");

  const int64_t short_side = std::min(height, width);
  const int64_t resized_height = config.resize_short_side * height / short_side;
  const int64_t resized_width = config.resize_short_side * width / short_side;
  Tensor memory;
  ConstTensorView resized = image;
  if (resized_height != height || resized_width != width) {
    LM_ASSIGN_OR_RETURN(
        memory, Tensor::Allocate(allocator, DType::kUInt8, {resized_height, resized_width, 3}));
    LM_RETURN_IF_ERROR(ResizeAntialiased(image, config.filter, memory, stream));
    resized = memory;
  }

  LM_ASSIGN_OR_RETURN(Tensor crop, Tensor::Allocate(allocator, DType::kUInt8,
                                                    {config.crop_height, config.crop_width, 3}));
  const int64_t top = CropOffset(resized_height, config.crop_height);
  const int64_t left = CropOffset(resized_width, config.crop_width);
  const int64_t row_bytes = config.crop_width * 3;
  for (int64_t y = 0; y < config.crop_height; ++y) {
    std::memcpy(crop.data<uint8_t>() + y * row_bytes,
                resized.data<uint8_t>() + ((top + y) * resized_width + left) * 3,
                static_cast<size_t>(row_bytes));
  }
  return crop;
}

}  // namespace localmamba
