// kernels/conv/causal_conv1d.h in double precision, for one direction. Absent arguments are empty
// vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_CAUSAL_CONV1D_H_
#define LOCALMAMBA_TESTS_REFERENCE_CAUSAL_CONV1D_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/reference/activation.h"

namespace localmamba::reference {

// x: (batch, rows, channels).
inline std::vector<double> CausalConv1d(const std::vector<double>& x,
                                        const std::vector<int32_t>& read,
                                        const std::vector<double>& weight,
                                        const std::vector<double>& bias, Activation activation,
                                        size_t batch, size_t rows, size_t channels, size_t width) {
  const size_t length = read.empty() ? rows : read.size();
  std::vector<double> u(batch * length * channels);
  for (size_t b = 0; b < batch; ++b) {
    for (size_t t = 0; t < length; ++t) {
      for (size_t d = 0; d < channels; ++d) {
        double sum = bias.empty() ? 0.0 : bias[d];
        for (size_t k = 0; k < width; ++k) {
          if (t + k + 1 < width) continue;
          const size_t position = t + k + 1 - width;
          const int64_t row = read.empty() ? static_cast<int64_t>(position) : read[position];
          if (row < 0) continue;
          sum += weight[d * width + k] * x[(b * rows + static_cast<size_t>(row)) * channels + d];
        }
        u[(b * length + t) * channels + d] = Activate(activation, sum);
      }
    }
  }
  return u;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_CAUSAL_CONV1D_H_
