#include <algorithm>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"

namespace localmamba {

absl::Status MaxPoolCpu(const ConstTensorView& x, const MaxPoolWindow& window, const TensorView& y,
                        Stream& stream) {
  const int64_t H = x.dim(1);
  const int64_t W = x.dim(2);
  const int64_t C = x.dim(3);
  const int64_t Ho = y.dim(1);
  const int64_t Wo = y.dim(2);
  ParallelFor(stream, y.dim(0) * Ho, GrainRows(2 * Wo * C), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* top = x.data<float>() + (row / Ho * H + row % Ho * window.stride) * W * C;
      float* out = y.data<float>() + row * Wo * C;
      for (int64_t j = 0; j < Wo; ++j, out += C) {
        const float* corner = top + j * window.stride * C;
        std::copy_n(corner, C, out);
        for (int64_t tap = 1; tap < window.size * window.size; ++tap) {
          const float* cell = corner + (tap / window.size * W + tap % window.size) * C;
          for (int64_t c = 0; c < C; ++c) out[c] = std::max(out[c], cell[c]);
        }
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
