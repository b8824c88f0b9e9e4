#include <array>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"

namespace localmamba {

absl::Status NormalizePixelsCpu(const ConstTensorView& x, const PixelNormalization& normalization,
                                const TensorView& y, Stream& stream) {
  // A channel has only 256 values, so each is computed once, with the rounding of the formula.
  std::array<std::array<float, 256>, 3> normalized{};
  for (size_t c = 0; c < 3; ++c) {
    for (size_t level = 0; level < 256; ++level) {
      normalized[c][level] =
          (static_cast<float>(level) / 255.0F - normalization.mean[c]) / normalization.std[c];
    }
  }
  const int64_t H = x.dim(1);
  const int64_t W = x.dim(2);
  ParallelFor(stream, x.dim(0) * H, GrainRows(W * 3), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const uint8_t* pixels = x.data<uint8_t>() + row * W * 3;
      float* out = y.data<float>() + (row / H * 3 * H + row % H) * W;
      for (size_t c = 0; c < 3; ++c, out += H * W) {
        for (int64_t j = 0; j < W; ++j) {
          out[j] = normalized[c][pixels[static_cast<size_t>(j) * 3 + c]];
        }
      }
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
