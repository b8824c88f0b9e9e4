#include <algorithm>

#include "kernels/device/parallel.h"
#include "kernels/elementwise/backends.h"

namespace localmamba {

absl::Status InsertTokenCpu(const ConstTensorView& x, const ConstTensorView& token,
                            int64_t position, const TensorView& y, Stream& stream) {
  const int64_t L = x.dim(1);
  const int64_t D = x.dim(2);
  ParallelFor(stream, x.dim(0), GrainRows(L * D), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const float* sequence = x.data<float>() + b * L * D;
      float* out = y.data<float>() + b * (L + 1) * D;
      out = std::copy_n(sequence, position * D, out);
      out = std::copy_n(token.data<float>(), D, out);
      std::copy_n(sequence + position * D, (L - position) * D, out);
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
