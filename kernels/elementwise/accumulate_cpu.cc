#include "kernels/device/parallel.h"
#include "kernels/elementwise/backends.h"

namespace localmamba {

absl::Status AccumulateCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t N = x.dim(1);
  ParallelFor(stream, x.dim(0), GrainRows(N), [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) {
      const float* x_row = x.data<float>() + m * x.stride(0);
      float* y_row = y.data<float>() + m * y.stride(0);
      for (int64_t n = 0; n < N; ++n) y_row[n] += x_row[n];
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
