#include <algorithm>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"
#include "kernels/image/bicubic_taps.h"

namespace localmamba {
namespace {

// An output coordinate that an input coordinate contributes to.
struct Use {
  int64_t index;
  float weight;
};

// The uses of each of `in` coordinates.
std::vector<std::vector<Use>> MakeUses(int64_t in, int64_t out) {
  std::vector<std::vector<Use>> uses(static_cast<size_t>(in));
  const std::vector<BicubicTaps> taps = MakeBicubicTaps(in, out);
  for (int64_t i = 0; i < out; ++i) {
    const BicubicTaps& at = taps[static_cast<size_t>(i)];
    for (size_t k = 0; k < 4; ++k) {
      uses[static_cast<size_t>(at.index[k])].push_back({i, at.weight[k]});
    }
  }
  return uses;
}

}  // namespace

absl::Status ResizeBicubicBackwardCpu(const ConstTensorView& dy, const TensorView& dx,
                                      Stream& stream) {
  const int64_t W = dx.dim(1);
  const int64_t C = dx.dim(2);
  const int64_t Wo = dy.dim(1);
  const std::vector<std::vector<Use>> row_uses = MakeUses(dx.dim(0), dy.dim(0));
  const std::vector<std::vector<Use>> column_uses = MakeUses(W, Wo);
  ParallelFor(stream, dx.dim(0) * W, GrainRows(16 * C), [&](int64_t begin, int64_t end) {
    for (int64_t cell = begin; cell < end; ++cell) {
      float* to = dx.data<float>() + cell * C;
      std::fill_n(to, C, 0.0F);
      for (const Use& row : row_uses[static_cast<size_t>(cell / W)]) {
        for (const Use& column : column_uses[static_cast<size_t>(cell % W)]) {
          const float* gradient = dy.data<float>() + (row.index * Wo + column.index) * C;
          const float weight = row.weight * column.weight;
          for (int64_t c = 0; c < C; ++c) to[c] += weight * gradient[c];
        }
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
