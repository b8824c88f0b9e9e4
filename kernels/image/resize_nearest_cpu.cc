#include <algorithm>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"

namespace localmamba {
namespace {

int64_t Source(int64_t i, int64_t in, int64_t out) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  return std::min(static_cast<int64_t>(static_cast<float>(i) * scale), in - 1);
}

}  // namespace

absl::Status ResizeNearestCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t H = x.dim(1);
  const int64_t W = x.dim(2);
  const int64_t C = x.dim(3);
  const int64_t Ho = y.dim(1);
  const int64_t Wo = y.dim(2);
  ParallelFor(stream, y.dim(0) * Ho, GrainRows(Wo * C), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* from = x.data<float>() + (i / Ho * H + Source(i % Ho, H, Ho)) * W * C;
      float* to = y.data<float>() + i * Wo * C;
      for (int64_t j = 0; j < Wo; ++j, to += C) std::copy_n(from + Source(j, W, Wo) * C, C, to);
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
