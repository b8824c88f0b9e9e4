#include <algorithm>
#include <cmath>

#include "kernels/device/parallel.h"
#include "kernels/reduce/backends.h"

namespace localmamba {

absl::Status SoftmaxCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t N = x.dim(1);
  if (N == 0) return absl::OkStatus();
  ParallelFor(stream, x.dim(0), GrainRows(N), [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) {
      const float* x_row = x.data<float>() + m * N;
      float* y_row = y.data<float>() + m * N;
      const float largest = *std::max_element(x_row, x_row + N);
      float sum = 0.0F;
      for (int64_t i = 0; i < N; ++i) {
        y_row[i] = std::exp(x_row[i] - largest);
        sum += y_row[i];
      }
      for (int64_t i = 0; i < N; ++i) y_row[i] /= sum;
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
