#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"

namespace localmamba {
namespace {

constexpr float kOne = 2048;  // the weight 1

struct Tap {
  int64_t index;  // of the first of two neighbours; may be out of range on the vertical axis
  int32_t weight[2];
};

std::vector<Tap> MakeTaps(int64_t in, int64_t out, bool clamp_position) {
  const double scale = 1.0 / (static_cast<double>(out) / static_cast<double>(in));
  std::vector<Tap> taps;
  for (int64_t j = 0; j < out; ++j) {
    auto position = static_cast<float>((static_cast<double>(j) + 0.5) * scale - 0.5);
    auto index = static_cast<int64_t>(std::floor(position));
    float fraction = position - static_cast<float>(index);
    if (clamp_position && index < 0) {
      index = 0;
      fraction = 0;
    }
    if (clamp_position && index >= in - 1) {
      index = in - 1;
      fraction = 0;
    }
    taps.push_back({index,
                    {static_cast<int32_t>(std::lrint((1.0F - fraction) * kOne)),
                     static_cast<int32_t>(std::lrint(fraction * kOne))}});
  }
  return taps;
}

// One source row at the output's width, in 11-bit fixed point.
void ResizeRow(const uint8_t* x, int64_t W, int64_t C, const std::vector<Tap>& columns,
               int32_t* y) {
  for (const Tap& tap : columns) {
    const uint8_t* left = x + tap.index * C;
    const uint8_t* right = x + std::min(tap.index + 1, W - 1) * C;
    for (int64_t c = 0; c < C; ++c) *y++ = left[c] * tap.weight[0] + right[c] * tap.weight[1];
  }
}

}  // namespace

absl::Status ResizeFixedPointCpu(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  const int64_t H = x.dim(0);
  const int64_t W = x.dim(1);
  const int64_t C = x.dim(2);
  const int64_t row_elements = y.dim(1) * C;
  if (x.shape() == y.shape()) {
    std::copy_n(x.data<uint8_t>(), x.elements(), y.data<uint8_t>());
    return absl::OkStatus();
  }
  const std::vector<Tap> rows = MakeTaps(H, y.dim(0), /*clamp_position=*/false);
  const std::vector<Tap> columns = MakeTaps(W, y.dim(1), /*clamp_position=*/true);
  ParallelFor(stream, y.dim(0), GrainRows(row_elements), [&](int64_t begin, int64_t end) {
    // Neighbouring output rows share source rows: each is resized once.
    std::vector<int32_t> resized[2];
    int64_t source[2] = {-1, -1};
    for (int64_t i = begin; i < end; ++i) {
      const Tap& tap = rows[static_cast<size_t>(i)];
      const int32_t* h[2];
      for (int64_t k = 0; k < 2; ++k) {
        const int64_t row = std::clamp<int64_t>(tap.index + k, 0, H - 1);
        const auto slot = static_cast<size_t>(row % 2);
        if (source[slot] != row) {
          resized[slot].resize(static_cast<size_t>(row_elements));
          ResizeRow(x.data<uint8_t>() + row * W * C, W, C, columns, resized[slot].data());
          source[slot] = row;
        }
        h[k] = resized[slot].data();
      }
      uint8_t* out = y.data<uint8_t>() + i * row_elements;
      for (int64_t e = 0; e < row_elements; ++e) {
        const int32_t upper = (tap.weight[0] * (h[0][e] >> 4)) >> 16;
        const int32_t lower = (tap.weight[1] * (h[1][e] >> 4)) >> 16;
        out[e] = static_cast<uint8_t>(std::clamp((upper + lower + 2) >> 2, 0, 255));
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
