#include "kernels/device/parallel.h"
#include "kernels/reduce/backends.h"

namespace localmamba {

absl::Status SoftmaxBackwardCpu(const ConstTensorView& y, const ConstTensorView& dy,
                                const TensorView& dx, Stream& stream) {
  const int64_t N = y.dim(1);
  ParallelFor(stream, y.dim(0), GrainRows(N), [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) {
      const float* y_row = y.data<float>() + m * N;
      const float* dy_row = dy.data<float>() + m * N;
      float* dx_row = dx.data<float>() + m * N;
      float dot = 0.0F;
      for (int64_t i = 0; i < N; ++i) dot += y_row[i] * dy_row[i];
      for (int64_t i = 0; i < N; ++i) dx_row[i] = y_row[i] * (dy_row[i] - dot);
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
