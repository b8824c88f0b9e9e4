#include "kernels/device/parallel.h"
#include "kernels/reduce/backends.h"

namespace localmamba {

absl::Status MeanTokensBackwardCpu(const ConstTensorView& dy, const TensorView& dx,
                                   Stream& stream) {
  const int64_t L = dx.dim(1);
  const int64_t D = dx.dim(2);
  ParallelFor(stream, dx.dim(0) * L, GrainRows(D), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* gradient = dy.data<float>() + row / L * D;
      float* to = dx.data<float>() + row / L * dx.stride(0) + row % L * dx.stride(1);
      for (int64_t d = 0; d < D; ++d) to[d] = gradient[d] / static_cast<float>(L);
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
