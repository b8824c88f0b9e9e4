#include <algorithm>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"
#include "kernels/image/bicubic_taps.h"

namespace localmamba {

absl::Status ResizeBicubicCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t W = x.dim(1);
  const int64_t C = x.dim(2);
  const int64_t Wo = y.dim(1);
  const std::vector<BicubicTaps> rows = MakeBicubicTaps(x.dim(0), y.dim(0));
  const std::vector<BicubicTaps> columns = MakeBicubicTaps(W, Wo);
  ParallelFor(stream, y.dim(0) * Wo, GrainRows(16 * C), [&](int64_t begin, int64_t end) {
    for (int64_t cell = begin; cell < end; ++cell) {
      const BicubicTaps& row = rows[static_cast<size_t>(cell / Wo)];
      const BicubicTaps& column = columns[static_cast<size_t>(cell % Wo)];
      float* out = y.data<float>() + cell * C;
      std::fill_n(out, C, 0.0F);
      for (size_t p = 0; p < 4; ++p) {
        for (size_t q = 0; q < 4; ++q) {
          const float* in = x.data<float>() + (row.index[p] * W + column.index[q]) * C;
          const float weight = row.weight[p] * column.weight[q];
          for (int64_t c = 0; c < C; ++c) out[c] += weight * in[c];
        }
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
