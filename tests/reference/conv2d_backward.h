// kernels/conv/conv2d_backward.h in double precision.
#ifndef LOCALMAMBA_TESTS_REFERENCE_CONV2D_BACKWARD_H_
#define LOCALMAMBA_TESTS_REFERENCE_CONV2D_BACKWARD_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/tensor/shape.h"

namespace localmamba::reference {

struct Conv2dGradients {
  std::vector<double> dx, dweight, dbias;
};

// As Conv2dBackward: x (B, C, H, W), weight (O, C, kh, kw), dy (B, Ho, Wo, O).
inline Conv2dGradients Conv2dBackward(const std::vector<double>& x, const Shape& x_shape,
                                      const std::vector<double>& weight, const Shape& weight_shape,
                                      int64_t stride, int64_t pad_top, int64_t pad_left, int64_t Ho,
                                      int64_t Wo, const std::vector<double>& dy) {
  const int64_t C = x_shape[1];
  const int64_t H = x_shape[2];
  const int64_t W = x_shape[3];
  const int64_t O = weight_shape[0];
  const int64_t kh = weight_shape[2];
  const int64_t kw = weight_shape[3];
  Conv2dGradients result = {.dx = std::vector<double>(x.size()),
                            .dweight = std::vector<double>(weight.size()),
                            .dbias = std::vector<double>(static_cast<size_t>(O))};
  for (int64_t cell = 0; cell < x_shape[0] * Ho * Wo; ++cell) {
    const int64_t b = cell / (Ho * Wo);
    const int64_t top = cell / Wo % Ho * stride - pad_top;
    const int64_t left = cell % Wo * stride - pad_left;
    for (int64_t o = 0; o < O; ++o) {
      const double gradient = dy[static_cast<size_t>(cell * O + o)];
      result.dbias[static_cast<size_t>(o)] += gradient;
      for (int64_t tap = 0; tap < C * kh * kw; ++tap) {
        const int64_t c = tap / (kh * kw);
        const int64_t r = top + tap / kw % kh;
        const int64_t q = left + tap % kw;
        if (r < 0 || r >= H || q < 0 || q >= W) continue;
        const auto weight_index = static_cast<size_t>(o * C * kh * kw + tap);
        const auto x_index = static_cast<size_t>(((b * C + c) * H + r) * W + q);
        result.dweight[weight_index] += gradient * x[x_index];
        result.dx[x_index] += gradient * weight[weight_index];
      }
    }
  }
  return result;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_CONV2D_BACKWARD_H_
