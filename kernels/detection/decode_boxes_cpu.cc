#include "kernels/detection/backends.h"
#include "kernels/device/parallel.h"

namespace localmamba {

absl::Status DecodeBoxesCpu(const DecodeBoxesArgs& args, Stream& stream) {
  const int64_t R = args.boxes.dim(1);
  const int64_t C = args.deltas.dim(2);
  const Box* boxes = reinterpret_cast<const Box*>(args.boxes.data<float>());
  const BoxDelta* deltas = reinterpret_cast<const BoxDelta*>(args.deltas.data<float>());
  Box* y = reinterpret_cast<Box*>(args.y.data<float>());
  ParallelFor(stream, args.boxes.dim(0) * R, GrainRows(16 * C), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* limits = args.limits.data<float>() + row / R * 2;
      for (int64_t i = row * C; i < (row + 1) * C; ++i) {
        y[i] = DecodeBox(boxes[row], deltas[i], args.scale, {limits[0], limits[1]});
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
