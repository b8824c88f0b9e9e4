// The operations of kernels/conv on dense images in double precision. Absent arguments are empty.
#ifndef LOCALMAMBA_TESTS_REFERENCE_CONV2D_H_
#define LOCALMAMBA_TESTS_REFERENCE_CONV2D_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/tensor/shape.h"

namespace localmamba::reference {

// As Conv2d: x (B, C, H, W), weight (O, C, kh, kw), the result (B, Ho, Wo, O).
inline std::vector<double> Conv2d(const std::vector<double>& x, const Shape& x_shape,
                                  const std::vector<double>& weight, const Shape& weight_shape,
                                  const std::vector<double>& bias, int64_t stride, int64_t pad_top,
                                  int64_t pad_left, int64_t Ho, int64_t Wo) {
  const int64_t C = x_shape[1];
  const int64_t H = x_shape[2];
  const int64_t W = x_shape[3];
  const int64_t O = weight_shape[0];
  const int64_t kh = weight_shape[2];
  const int64_t kw = weight_shape[3];
  std::vector<double> y;
  for (int64_t cell = 0; cell < x_shape[0] * Ho * Wo; ++cell) {
    const int64_t b = cell / (Ho * Wo);
    const int64_t top = cell / Wo % Ho * stride - pad_top;
    const int64_t left = cell % Wo * stride - pad_left;
    for (int64_t o = 0; o < O; ++o) {
      double sum = bias.empty() ? 0.0 : bias[static_cast<size_t>(o)];
      for (int64_t tap = 0; tap < C * kh * kw; ++tap) {
        const int64_t c = tap / (kh * kw);
        const int64_t r = top + tap / kw % kh;
        const int64_t q = left + tap % kw;
        if (r < 0 || r >= H || q < 0 || q >= W) continue;
        sum += weight[static_cast<size_t>(o * C * kh * kw + tap)] *
               x[static_cast<size_t>(((b * C + c) * H + r) * W + q)];
      }
      y.push_back(sum);
    }
  }
  return y;
}

// As SpaceToDepth: x (B, H, W, C).
inline std::vector<double> SpaceToDepth(const std::vector<double>& x, const Shape& shape) {
  const int64_t H = shape[1];
  const int64_t W = shape[2];
  const int64_t C = shape[3];
  std::vector<double> y;
  const auto append_cell = [&](int64_t b, int64_t r, int64_t c) {
    for (int64_t channel = 0; channel < C; ++channel) {
      const bool inside = r < H && c < W;
      y.push_back(inside ? x[static_cast<size_t>(((b * H + r) * W + c) * C + channel)] : 0.0);
    }
  };
  for (int64_t b = 0; b < shape[0]; ++b) {
    for (int64_t i = 0; i < H; i += 2) {
      for (int64_t j = 0; j < W; j += 2) {
        append_cell(b, i, j);
        append_cell(b, i + 1, j);
        append_cell(b, i, j + 1);
        append_cell(b, i + 1, j + 1);
      }
    }
  }
  return y;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_CONV2D_H_
