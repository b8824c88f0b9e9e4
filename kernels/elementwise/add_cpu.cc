#include "kernels/device/parallel.h"
#include "kernels/elementwise/backends.h"

namespace localmamba {

absl::Status AddCpu(const ConstTensorView& a, const ConstTensorView& b, const TensorView& y,
                    Stream& stream) {
  const int64_t N = a.dim(1);
  const int64_t P = b.dim(0);
  ParallelFor(stream, a.dim(0), GrainRows(N), [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) {
      const float* a_row = a.data<float>() + m * a.stride(0);
      const float* b_row = b.data<float>() + m % P * N;
      float* y_row = y.data<float>() + m * y.stride(0);
      for (int64_t n = 0; n < N; ++n) y_row[n] = a_row[n] + b_row[n];
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
