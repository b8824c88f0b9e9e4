// kernels/norm/layer_norm_backward.h and pooled_layer_norm_backward.h in double precision. Absent
// arguments are empty vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_LAYER_NORM_BACKWARD_H_
#define LOCALMAMBA_TESTS_REFERENCE_LAYER_NORM_BACKWARD_H_

#include <cmath>
#include <cstddef>
#include <vector>

#include "tests/reference/activation.h"

namespace localmamba::reference {

// dx of one row from g = d loss / d x^ and x^ = (x - mean) * scale. `centred`: false for an RMS
// norm, whose mean is 0 by definition.
inline std::vector<double> NormalizationGradient(const std::vector<double>& normalized,
                                                 const std::vector<double>& g, double scale,
                                                 bool centred) {
  const auto D = static_cast<double>(g.size());
  double mean = 0.0;
  double mean_product = 0.0;
  for (size_t d = 0; d < g.size(); ++d) {
    if (centred) mean += g[d] / D;
    mean_product += g[d] * normalized[d] / D;
  }
  std::vector<double> dx(g.size());
  for (size_t d = 0; d < g.size(); ++d) {
    dx[d] = scale * (g[d] - mean - normalized[d] * mean_product);
  }
  return dx;
}

// One row's x^ and the factor that scales it.
struct NormalizedRow {
  std::vector<double> values;
  double scale;
};

inline NormalizedRow NormalizeRow(const double* x, size_t D, double eps, bool centred) {
  double mean = 0.0;
  for (size_t d = 0; centred && d < D; ++d) mean += x[d] / static_cast<double>(D);
  double variance = 0.0;
  for (size_t d = 0; d < D; ++d) {
    variance += (x[d] - mean) * (x[d] - mean) / static_cast<double>(D);
  }
  NormalizedRow row = {std::vector<double>(D), 1.0 / std::sqrt(variance + eps)};
  for (size_t d = 0; d < D; ++d) row.values[d] = (x[d] - mean) * row.scale;
  return row;
}

struct LayerNormGradients {
  std::vector<double> dx, dz, dweight, dbias;
};

// Rows of D elements.
inline LayerNormGradients LayerNormBackward(const std::vector<double>& x,
                                            const std::vector<double>& weight,
                                            const std::vector<double>& bias,
                                            const std::vector<double>& z, double eps, size_t D,
                                            const std::vector<double>& dy) {
  LayerNormGradients result = {.dx = {},
                               .dz = std::vector<double>(z.size()),
                               .dweight = std::vector<double>(D),
                               .dbias = std::vector<double>(D)};
  for (size_t row = 0; row < x.size(); row += D) {
    const NormalizedRow normalized = NormalizeRow(&x[row], D, eps, /*centred=*/true);
    std::vector<double> g(D);
    for (size_t d = 0; d < D; ++d) {
      const double factor = weight.empty() ? 1.0 : weight[d];
      double dn = dy[row + d];
      if (!z.empty()) {
        const double gate = z[row + d];
        const double n = normalized.values[d] * factor + (bias.empty() ? 0.0 : bias[d]);
        result.dz[row + d] = dn * n * Sigmoid(gate) * (1.0 + gate * (1.0 - Sigmoid(gate)));
        dn *= Silu(gate);
      }
      result.dweight[d] += dn * normalized.values[d];
      result.dbias[d] += dn;
      g[d] = dn * factor;
    }
    const std::vector<double> dx =
        NormalizationGradient(normalized.values, g, normalized.scale, /*centred=*/true);
    result.dx.insert(result.dx.end(), dx.begin(), dx.end());
  }
  return result;
}

// x: (M, L, D); dy: (M, D). dz is empty.
inline LayerNormGradients PooledLayerNormBackward(const std::vector<double>& x,
                                                  const std::vector<double>& weight, double eps,
                                                  size_t L, size_t D,
                                                  const std::vector<double>& dy) {
  std::vector<double> of_tokens(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    of_tokens[i] = dy[i / (L * D) * D + i % D] / static_cast<double>(L);
  }
  return LayerNormBackward(x, weight, {}, {}, eps, D, of_tokens);
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_LAYER_NORM_BACKWARD_H_
