// kernels/conv/map_conv2d.h in double precision.
#ifndef LOCALMAMBA_TESTS_REFERENCE_MAP_CONV2D_H_
#define LOCALMAMBA_TESTS_REFERENCE_MAP_CONV2D_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/conv/map_conv2d.h"
#include "kernels/tensor/shape.h"
#include "tests/reference/activation.h"

namespace localmamba::reference {

// x: (B, H, W, C), weight: (O, kh, kw, C). An empty bias is absent.
inline std::vector<double> MapConv2d(const std::vector<double>& x, const Shape& x_shape,
                                     const std::vector<double>& weight, const Shape& weight_shape,
                                     const std::vector<double>& bias, const MapConv2dWindow& window,
                                     Activation activation, int64_t Ho, int64_t Wo) {
  const int64_t H = x_shape[1];
  const int64_t W = x_shape[2];
  const int64_t C = x_shape[3];
  const int64_t O = weight_shape[0];
  const int64_t kh = weight_shape[1];
  const int64_t kw = weight_shape[2];
  std::vector<double> y;
  for (int64_t output = 0; output < x_shape[0] * Ho * Wo * O; ++output) {
    const int64_t b = output / (Ho * Wo * O);
    const int64_t top = output / (Wo * O) % Ho * window.stride - window.pad;
    const int64_t left = output / O % Wo * window.stride - window.pad;
    const int64_t o = output % O;
    double sum = bias.empty() ? 0.0 : bias[static_cast<size_t>(o)];
    for (int64_t tap = 0; tap < kh * kw * C; ++tap) {
      const int64_t r = top + tap / (kw * C) * window.dilation;
      const int64_t q = left + tap / C % kw * window.dilation;
      if (r < 0 || r >= H || q < 0 || q >= W) continue;
      sum += weight[static_cast<size_t>(o * kh * kw * C + tap)] *
             x[static_cast<size_t>(((b * H + r) * W + q) * C + tap % C)];
    }
    y.push_back(Activate(activation, sum));
  }
  return y;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_MAP_CONV2D_H_
