#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"
#include "kernels/image/bilinear_cell.h"

namespace localmamba {

absl::Status ResizeBilinearCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t C = x.dim(3);
  const int64_t Ho = y.dim(1);
  const int64_t row_elements = x.dim(2) * C;
  const std::vector<BilinearTaps> rows = MakeBilinearTaps(x.dim(1), Ho);
  const std::vector<BilinearTaps> columns = MakeBilinearTaps(x.dim(2), y.dim(2));
  ParallelFor(stream, y.dim(0) * Ho, GrainRows(4 * y.dim(2) * C), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* map = x.data<float>() + i / Ho * x.dim(1) * row_elements;
      float* cell = y.data<float>() + i / Ho * y.stride(0) + i % Ho * y.stride(1);
      for (const BilinearTaps& column : columns) {
        InterpolateCell(map, row_elements, C, rows[static_cast<size_t>(i % Ho)], column, cell);
        cell += y.stride(2);
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
