#include <algorithm>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"
#include "kernels/image/bilinear_cell.h"

namespace localmamba {

absl::Status ResizeArgmaxCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t C = x.dim(3);
  const int64_t Ho = y.dim(1);
  const int64_t row_elements = x.dim(2) * C;
  const std::vector<BilinearTaps> rows = MakeBilinearTaps(x.dim(1), Ho);
  const std::vector<BilinearTaps> columns = MakeBilinearTaps(x.dim(2), y.dim(2));
  ParallelFor(stream, y.dim(0) * Ho, GrainRows(4 * y.dim(2) * C), [&](int64_t begin, int64_t end) {
    std::vector<float> cell(static_cast<size_t>(C));
    for (int64_t i = begin; i < end; ++i) {
      const float* map = x.data<float>() + i / Ho * x.dim(1) * row_elements;
      int32_t* label = y.data<int32_t>() + i * y.dim(2);
      for (const BilinearTaps& column : columns) {
        InterpolateCell(map, row_elements, C, rows[static_cast<size_t>(i % Ho)], column,
                        cell.data());
        *label++ = static_cast<int32_t>(std::max_element(cell.begin(), cell.end()) - cell.begin());
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
