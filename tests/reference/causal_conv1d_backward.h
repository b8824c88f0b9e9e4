// kernels/conv/causal_conv1d_backward.h in double precision, for one direction. Absent arguments
// are empty vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_CAUSAL_CONV1D_BACKWARD_H_
#define LOCALMAMBA_TESTS_REFERENCE_CAUSAL_CONV1D_BACKWARD_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/reference/activation.h"

namespace localmamba::reference {

inline double ActivationSlope(Activation activation, double x) {
  const double s = Sigmoid(x);
  switch (activation) {
    case Activation::kSilu:
      return s * (1.0 + x * (1.0 - s));
    case Activation::kGelu:
      return 0.5 * std::erfc(-x / std::sqrt(2.0)) +
             x * std::exp(-0.5 * x * x) / std::sqrt(2.0 * M_PI);
    case Activation::kSigmoid:
      return s * (1.0 - s);
    case Activation::kRelu:
      return x > 0.0 ? 1.0 : 0.0;
    case Activation::kIdentity:
      break;
  }
  return 1.0;
}

struct CausalConv1dGradients {
  std::vector<double> dx, dweight, dbias;
};

// x: (batch, rows, channels); du: (batch, length, channels).
inline CausalConv1dGradients CausalConv1dBackward(
    const std::vector<double>& x, const std::vector<int32_t>& read,
    const std::vector<double>& weight, const std::vector<double>& bias, Activation activation,
    const std::vector<double>& du, size_t batch, size_t rows, size_t channels, size_t width) {
  const size_t length = read.empty() ? rows : read.size();
  CausalConv1dGradients g = {.dx = std::vector<double>(x.size()),
                             .dweight = std::vector<double>(weight.size()),
                             .dbias = std::vector<double>(channels)};
  for (size_t b = 0; b < batch; ++b) {
    for (size_t t = 0; t < length; ++t) {
      // Calls f(k, index of s[t - (width-1) + k] in x) for the taps that meet an input.
      const auto for_taps = [&](size_t d, const auto& f) {
        for (size_t k = 0; k < width; ++k) {
          if (t + k + 1 < width) continue;
          const size_t position = t + k + 1 - width;
          const int64_t row = read.empty() ? static_cast<int64_t>(position) : read[position];
          if (row >= 0) f(k, (b * rows + static_cast<size_t>(row)) * channels + d);
        }
      };
      for (size_t d = 0; d < channels; ++d) {
        double pre = bias.empty() ? 0.0 : bias[d];
        for_taps(d, [&](size_t k, size_t i) { pre += weight[d * width + k] * x[i]; });
        const double dpre = du[(b * length + t) * channels + d] * ActivationSlope(activation, pre);
        g.dbias[d] += dpre;
        for_taps(d, [&](size_t k, size_t i) {
          g.dx[i] += weight[d * width + k] * dpre;
          g.dweight[d * width + k] += x[i] * dpre;
        });
      }
    }
  }
  return g;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_CAUSAL_CONV1D_BACKWARD_H_
