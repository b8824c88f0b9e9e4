#include <algorithm>
#include <limits>

#include "kernels/detection/backends.h"

namespace localmamba {

absl::Status DecodeAnchorsCpu(const DecodeAnchorsArgs& args, Stream& /*stream*/) {
  constexpr DeltaScale kUnit = {1, 1, 1, 1};
  const int64_t k = args.indices.dim(1);
  std::fill_n(args.y_levels.data<int32_t>(), k, args.level);
  for (int64_t b = 0; b < args.indices.dim(0); ++b) {
    const int32_t* indices = args.indices.data<int32_t>() + b * k;
    const BoxDelta* deltas =
        reinterpret_cast<const BoxDelta*>(args.deltas.data<float>()) + b * args.grid.anchors();
    const float* limits = args.limits.data<float>() + b * 2;
    Box* boxes = reinterpret_cast<Box*>(args.boxes.data<float>() + b * args.boxes.stride(0));
    const float* scores = args.scores.data<float>() + b * k;
    float* y_scores = args.y_scores.data<float>() + b * args.y_scores.stride(0);
    for (int64_t i = 0; i < k; ++i) {
      const int64_t anchor = indices[i];
      const Box box =
          DecodeBox(args.grid.At(anchor), deltas[anchor], kUnit, {limits[0], limits[1]});
      boxes[i] = box;
      const bool has_area = box.width() > 0 && box.height() > 0;
      y_scores[i] = has_area ? scores[i] : -std::numeric_limits<float>::infinity();
    }
  }
  return absl::OkStatus();
}

}  // namespace localmamba
