#include "kernels/detection/backends.h"
#include "kernels/device/parallel.h"

namespace localmamba {

absl::Status WriteAnchorsCpu(const AnchorGrid& grid, const TensorView& anchors, Stream& stream) {
  Box* boxes = reinterpret_cast<Box*>(anchors.data<float>());
  ParallelFor(stream, grid.anchors(), GrainRows(4), [&](int64_t begin, int64_t end) {
    for (int64_t anchor = begin; anchor < end; ++anchor) boxes[anchor] = grid.At(anchor);
  });
  return absl::OkStatus();
}

}  // namespace localmamba
