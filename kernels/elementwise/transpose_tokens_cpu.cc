#include <algorithm>

#include "kernels/device/parallel.h"
#include "kernels/elementwise/backends.h"

namespace localmamba {
namespace {

// A square block of this many floats a side is read and written in whole cache lines.
constexpr int64_t kBlock = 32;

}  // namespace

absl::Status TransposeTokensCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t L = x.dim(1);
  const int64_t D = x.dim(2);
  const int64_t blocks = (D + kBlock - 1) / kBlock;  // of channels, in each image
  ParallelFor(stream, x.dim(0) * blocks, GrainRows(L * kBlock), [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t b = block / blocks;
      const int64_t d_begin = block % blocks * kBlock;
      const int64_t d_end = std::min(d_begin + kBlock, D);
      const float* source = x.data<float>() + b * x.stride(0);
      float* destination = y.data<float>() + b * D * L;
      for (int64_t l_begin = 0; l_begin < L; l_begin += kBlock) {
        const int64_t l_end = std::min(l_begin + kBlock, L);
        for (int64_t d = d_begin; d < d_end; ++d) {
          for (int64_t l = l_begin; l < l_end; ++l) {
            destination[d * L + l] = source[l * x.stride(1) + d];
          }
        }
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
