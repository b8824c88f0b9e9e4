// kernels/conv/depthwise_conv2d_backward.h in double precision. Absent arguments are empty vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_DEPTHWISE_CONV2D_BACKWARD_H_
#define LOCALMAMBA_TESTS_REFERENCE_DEPTHWISE_CONV2D_BACKWARD_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/tensor/shape.h"
#include "tests/reference/activation_gradient.h"
#include "tests/reference/depthwise_conv2d.h"

namespace localmamba::reference {

struct DepthwiseConv2dGradients {
  std::vector<double> dx, dweight, dbias;
};

// `shape` is that of x, `kernel` that of weight.
inline DepthwiseConv2dGradients DepthwiseConv2dBackward(
    const std::vector<double>& x, const Shape& shape, const std::vector<double>& weight,
    const Shape& kernel, const std::vector<double>& bias, Activation activation,
    const std::vector<double>& dy) {
  const std::vector<double> before =
      DepthwiseConv2d(x, shape, weight, kernel, bias, Activation::kIdentity);
  DepthwiseConv2dGradients result = {.dx = std::vector<double>(x.size()),
                                     .dweight = std::vector<double>(weight.size()),
                                     .dbias = std::vector<double>(static_cast<size_t>(shape[3]))};
  for (int64_t cell = 0; cell < shape[0] * shape[1] * shape[2]; ++cell) {
    const int64_t b = cell / (shape[1] * shape[2]);
    for (int64_t d = 0; d < shape[3]; ++d) {
      const auto index = static_cast<size_t>(cell * shape[3] + d);
      const double ds = ActivationGradient(activation, before[index]) * dy[index];
      result.dbias[static_cast<size_t>(d)] += ds;
      for (int64_t tap = 0; tap < kernel[1] * kernel[2]; ++tap) {
        const int64_t row = cell / shape[2] % shape[1] + tap / kernel[2] - kernel[1] / 2;
        const int64_t column = cell % shape[2] + tap % kernel[2] - kernel[2] / 2;
        if (row < 0 || row >= shape[1] || column < 0 || column >= shape[2]) continue;
        const auto x_index =
            static_cast<size_t>(((b * shape[1] + row) * shape[2] + column) * shape[3] + d);
        const auto weight_index = static_cast<size_t>(d * kernel[1] * kernel[2] + tap);
        result.dweight[weight_index] += ds * x[x_index];
        result.dx[x_index] += ds * weight[weight_index];
      }
    }
  }
  return result;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_DEPTHWISE_CONV2D_BACKWARD_H_
