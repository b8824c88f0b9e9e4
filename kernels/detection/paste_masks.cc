#include "kernels/detection/paste_masks.h"

#include <algorithm>
#include <cmath>

#include "kernels/base/status_macros.h"
#include "kernels/detection/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status PasteMasks(const PasteMasksArgs& args, Stream& stream) {
  const ArgChecker check("paste_masks", stream.device());
  LM_RETURN_IF_ERROR(
      check.Dense("probabilities", args.probabilities, DType::kFloat32, {-1, -1, -1}));
  const int64_t N = args.probabilities.dim(0);
  const int64_t M = args.probabilities.dim(1);
  if (M < 1 || args.probabilities.dim(2) != M) {
    return check.Error("probabilities", args.probabilities, "square maps");
  }
  LM_RETURN_IF_ERROR(check.Dense("boxes", args.boxes, DType::kFloat32, {N, 4}));
  LM_RETURN_IF_ERROR(check.Dense("masks", args.masks, DType::kUInt8, {N, -1, -1}));
  if (stream.device().is_cpu()) return PasteMasksCpu(args, stream);
  return check.Unimplemented(DType::kFloat32);
}

PixelWindow MaskWindow(const Box& box, int64_t image_height, int64_t image_width) {
  const auto height = static_cast<float>(image_height);
  const auto width = static_cast<float>(image_width);
  const PixelWindow window = {
      .top = static_cast<int64_t>(std::clamp(std::floor(box.y1) - 1, 0.0F, height)),
      .left = static_cast<int64_t>(std::clamp(std::floor(box.x1) - 1, 0.0F, width)),
      .bottom = static_cast<int64_t>(std::clamp(std::ceil(box.y2) + 1, 0.0F, height)),
      .right = static_cast<int64_t>(std::clamp(std::ceil(box.x2) + 1, 0.0F, width))};
  return window.top < window.bottom && window.left < window.right ? window : PixelWindow();
}

}  // namespace localmamba
