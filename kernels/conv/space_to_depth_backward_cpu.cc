#include <algorithm>

#include "kernels/conv/backends.h"
#include "kernels/device/parallel.h"

namespace localmamba {

absl::Status SpaceToDepthBackwardCpu(const ConstTensorView& dy, const TensorView& dx,
                                     Stream& stream) {
  const int64_t H = dx.dim(1);
  const int64_t W = dx.dim(2);
  const int64_t C = dx.dim(3);
  ParallelFor(stream, dx.dim(0) * H, GrainRows(W * C), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t b = row / H;
      const int64_t r = row % H;
      const float* merged =
          dy.data<float>() + (b * dy.dim(1) + r / 2) * dy.dim(2) * 4 * C + r % 2 * C;
      float* to = dx.data<float>() + row * W * C;
      for (int64_t s = 0; s < W; ++s, to += C) {
        std::copy_n(merged + s / 2 * 4 * C + s % 2 * 2 * C, C, to);
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
