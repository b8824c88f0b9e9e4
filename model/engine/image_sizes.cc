#include "model/engine/image_sizes.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

struct Extent {
  int64_t height;
  int64_t width;
};

// Of a valid input: u8 (B, H, W, 3) or f32 (B, 3, H, W).
Extent ExtentOf(const ConstTensorView& input) {
  const int first = input.dtype() == DType::kUInt8 ? 1 : 2;
  return {input.dim(first), input.dim(first + 1)};
}

}  // namespace

absl::Status CheckImageSizes(const ConstTensorView& sizes, const ConstTensorView& input) {
  if (sizes.empty()) return absl::OkStatus();
  const ArgChecker check("engine", Device::Cpu());
  LM_RETURN_IF_ERROR(check.Dense("sizes", sizes, DType::kInt32, {input.dim(0), 2}));
  const Extent extent = ExtentOf(input);
  for (int64_t image = 0; image < input.dim(0); ++image) {
    const int32_t height = sizes.data<int32_t>()[2 * image];
    const int32_t width = sizes.data<int32_t>()[2 * image + 1];
    if (height < 1 || width < 1 || height > extent.height || width > extent.width) {
      return absl::InvalidArgumentError(absl::StrCat("engine: \"sizes\" of image ", image, " is ",
                                                     height, "x", width, ", wanted 1x1 to ",
                                                     extent.height, "x", extent.width));
    }
  }
  return absl::OkStatus();
}

void WriteImageSizes(const ConstTensorView& sizes, const ConstTensorView& input, float* result,
                     int64_t images) {
  const Extent extent = ExtentOf(input);
  const int64_t given = sizes.empty() ? 0 : sizes.dim(0);
  for (int64_t image = 0; image < images; ++image) {
    const int32_t* size = image < given ? sizes.data<int32_t>() + 2 * image : nullptr;
    *result++ = static_cast<float>(size != nullptr ? size[0] : extent.height);
    *result++ = static_cast<float>(size != nullptr ? size[1] : extent.width);
  }
}

}  // namespace localmamba
