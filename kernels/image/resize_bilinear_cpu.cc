#include <algorithm>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"
#include "kernels/image/bilinear_taps.h"

namespace localmamba {
namespace {

// Output row `to` from the input rows `upper` and `lower`, all of C channels per cell; those of
// `to` are `stride` apart.
void ResizeRow(const float* upper, const float* lower, const std::array<float, 2>& weight,
               const std::vector<BilinearTaps>& columns, int64_t C, float* to, int64_t stride) {
  for (const BilinearTaps& column : columns) {
    const float* corners[4] = {upper + column.index[0] * C, upper + column.index[1] * C,
                               lower + column.index[0] * C, lower + column.index[1] * C};
    for (int64_t c = 0; c < C; ++c) {
      const float above = column.weight[0] * corners[0][c] + column.weight[1] * corners[1][c];
      const float below = column.weight[0] * corners[2][c] + column.weight[1] * corners[3][c];
      to[c] = weight[0] * above + weight[1] * below;
    }
    to += stride;
  }
}

}  // namespace

absl::Status ResizeBilinearCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t Ho = y.dim(1);
  const int64_t row_elements = x.dim(2) * x.dim(3);
  const std::vector<BilinearTaps> rows = MakeBilinearTaps(x.dim(1), Ho);
  const std::vector<BilinearTaps> columns = MakeBilinearTaps(x.dim(2), y.dim(2));
  ParallelFor(
      stream, y.dim(0) * Ho, GrainRows(4 * y.dim(2) * y.dim(3)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const BilinearTaps& row = rows[static_cast<size_t>(i % Ho)];
          const float* image = x.data<float>() + i / Ho * x.dim(1) * row_elements;
          ResizeRow(image + row.index[0] * row_elements, image + row.index[1] * row_elements,
                    row.weight, columns, x.dim(3),
                    y.data<float>() + i / Ho * y.stride(0) + i % Ho * y.stride(1), y.stride(2));
        }
      });
  return absl::OkStatus();
}

}  // namespace localmamba
