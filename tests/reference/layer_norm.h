// kernels/norm/layer_norm.h and pooled_layer_norm.h in double precision. Absent arguments are empty
// vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_LAYER_NORM_H_
#define LOCALMAMBA_TESTS_REFERENCE_LAYER_NORM_H_

#include <cmath>
#include <cstddef>
#include <vector>

#include "tests/reference/activation.h"
#include "tests/reference/tokens.h"

namespace localmamba::reference {

// Rows of D elements.
inline std::vector<double> LayerNorm(const std::vector<double>& x,
                                     const std::vector<double>& weight,
                                     const std::vector<double>& bias, const std::vector<double>& z,
                                     double eps, size_t D) {
  std::vector<double> y(x.size());
  for (size_t row = 0; row < x.size(); row += D) {
    double mean = 0.0;
    for (size_t d = 0; d < D; ++d) mean += x[row + d] / static_cast<double>(D);
    double variance = 0.0;
    for (size_t d = 0; d < D; ++d) {
      variance += (x[row + d] - mean) * (x[row + d] - mean) / static_cast<double>(D);
    }
    for (size_t d = 0; d < D; ++d) {
      double value = (x[row + d] - mean) / std::sqrt(variance + eps);
      if (!weight.empty()) value *= weight[d];
      if (!bias.empty()) value += bias[d];
      if (!z.empty()) value *= Silu(z[row + d]);
      y[row + d] = value;
    }
  }
  return y;
}

// x: (M, L, D); the result: (M, D).
inline std::vector<double> PooledLayerNorm(const std::vector<double>& x,
                                           const std::vector<double>& weight,
                                           const std::vector<double>& bias, double eps, size_t L,
                                           size_t D) {
  return MeanTokens(LayerNorm(x, weight, bias, {}, eps, D), L, D);
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_LAYER_NORM_H_
