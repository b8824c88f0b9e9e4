// kernels/conv/depthwise_conv2d.h in double precision. Absent arguments are empty vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_DEPTHWISE_CONV2D_H_
#define LOCALMAMBA_TESTS_REFERENCE_DEPTHWISE_CONV2D_H_

#include <cstdint>
#include <vector>

#include "kernels/tensor/shape.h"
#include "tests/reference/activation.h"

namespace localmamba::reference {

// `shape` is that of x, `kernel` that of weight.
inline std::vector<double> DepthwiseConv2d(const std::vector<double>& x, const Shape& shape,
                                           const std::vector<double>& weight, const Shape& kernel,
                                           const std::vector<double>& bias, Activation activation) {
  std::vector<double> y(x.size());
  for (int64_t b = 0; b < shape[0]; ++b) {
    for (int64_t i = 0; i < shape[1]; ++i) {
      for (int64_t j = 0; j < shape[2]; ++j) {
        for (int64_t d = 0; d < shape[3]; ++d) {
          const auto index = [&](int64_t row, int64_t column) {
            return static_cast<size_t>(((b * shape[1] + row) * shape[2] + column) * shape[3] + d);
          };
          double sum = bias.empty() ? 0.0 : bias[static_cast<size_t>(d)];
          for (int64_t p = 0; p < kernel[1]; ++p) {
            for (int64_t q = 0; q < kernel[2]; ++q) {
              const int64_t row = i + p - kernel[1] / 2;
              const int64_t column = j + q - kernel[2] / 2;
              if (row < 0 || row >= shape[1] || column < 0 || column >= shape[2]) continue;
              sum += weight[static_cast<size_t>((d * kernel[1] + p) * kernel[2] + q)] *
                     x[index(row, column)];
            }
          }
          y[index(i, j)] = Activate(activation, sum);
        }
      }
    }
  }
  return y;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_DEPTHWISE_CONV2D_H_
