#include <algorithm>
#include <array>

#include "kernels/device/parallel.h"
#include "kernels/reduce/backends.h"

namespace localmamba {
namespace {

// Channels that are summed together, in registers. With one bin they are all that there is to share
// out among threads.
constexpr int64_t kBlock = 64;

struct Bin {
  int64_t begin, end;
};

Bin BinOf(int64_t i, int64_t length, int64_t bins) {
  return {i * length / bins, ((i + 1) * length + bins - 1) / bins};
}

// The mean of `width` channels over the cells of a bin. image: (H, W, C) from the first channel on.
void MeanOfBin(const float* image, int64_t W, int64_t C, const Bin& rows, const Bin& columns,
               size_t width, float* mean) {
  std::array<float, kBlock> sum{};
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* cell = image + (r * W + columns.begin) * C;
    for (int64_t s = columns.begin; s < columns.end; ++s, cell += C) {
      for (size_t c = 0; c < width; ++c) sum[c] += cell[c];
    }
  }
  const auto cells = static_cast<float>((rows.end - rows.begin) * (columns.end - columns.begin));
  for (size_t c = 0; c < width; ++c) mean[c] = sum[c] / cells;
}

}  // namespace

absl::Status AdaptiveAveragePoolCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t H = x.dim(1);
  const int64_t W = x.dim(2);
  const int64_t C = x.dim(3);
  const int64_t Ho = y.dim(1);
  const int64_t Wo = y.dim(2);
  const int64_t blocks = (C + kBlock - 1) / kBlock;
  const int64_t tasks = y.dim(0) * Ho * Wo * blocks;
  const int64_t cells_a_bin = std::max<int64_t>(1, H * W / std::max<int64_t>(1, Ho * Wo));
  ParallelFor(stream, tasks, GrainRows(cells_a_bin * kBlock), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t cell = task / blocks;
      const int64_t c = task % blocks * kBlock;
      MeanOfBin(x.data<float>() + cell / (Ho * Wo) * H * W * C + c, W, C,
                BinOf(cell / Wo % Ho, H, Ho), BinOf(cell % Wo, W, Wo),
                static_cast<size_t>(std::min(kBlock, C - c)), y.data<float>() + cell * C + c);
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
