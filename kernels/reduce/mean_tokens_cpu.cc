#include <algorithm>
#include <array>

#include "kernels/device/parallel.h"
#include "kernels/reduce/backends.h"

namespace localmamba {
namespace {

// Columns of one image that are summed together, in registers. Threads share out blocks of columns,
// not tokens, so the order of the sums does not depend on their number.
constexpr int64_t kBlock = 64;

}  // namespace

absl::Status MeanTokensCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t L = x.dim(1);
  const int64_t D = x.dim(2);
  const int64_t blocks = (D + kBlock - 1) / kBlock;
  ParallelFor(stream, x.dim(0) * blocks, GrainRows(L * kBlock), [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t b = block / blocks;
      const int64_t d_begin = block % blocks * kBlock;
      const auto width = static_cast<size_t>(std::min(kBlock, D - d_begin));
      const float* column = x.data<float>() + b * x.stride(0) + d_begin;
      std::array<float, kBlock> sum{};
      for (int64_t l = 0; l < L; ++l, column += x.stride(1)) {
        for (size_t d = 0; d < width; ++d) sum[d] += column[d];
      }
      float* mean = y.data<float>() + b * D + d_begin;
      for (size_t d = 0; d < width; ++d) mean[d] = sum[d] / static_cast<float>(L);
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
