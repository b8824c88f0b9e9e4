#include <algorithm>

#include "kernels/device/parallel.h"
#include "kernels/elementwise/backends.h"

namespace localmamba {

absl::Status ScaleImagesCpu(const ConstTensorView& x, const ConstTensorView& factor,
                            const TensorView& y, Stream& stream) {
  const int64_t N = x.dim(1);
  // Images are few and long: threads share out pieces of them.
  const int64_t piece = std::max<int64_t>(1, std::min(N, GrainRows(1)));
  const int64_t pieces = (N + piece - 1) / piece;
  ParallelFor(stream, x.dim(0) * pieces, GrainRows(piece), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / pieces;
      const int64_t first = i % pieces * piece;
      const int64_t count = std::min(piece, N - first);
      const float* from = x.data<float>() + b * x.stride(0) + first;
      float* to = y.data<float>() + b * y.stride(0) + first;
      const float scale = factor.data<float>()[b];
      for (int64_t n = 0; n < count; ++n) to[n] = from[n] * scale;
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
