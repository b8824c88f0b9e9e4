// kernels/norm/add_norm.h in double precision. Absent arguments are empty.
#ifndef LOCALMAMBA_TESTS_REFERENCE_ADD_NORM_H_
#define LOCALMAMBA_TESTS_REFERENCE_ADD_NORM_H_

#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/norm/add_norm.h"
#include "tests/reference/layer_norm.h"
#include "tests/reference/tokens.h"

namespace localmamba::reference {

struct AddNormResult {
  std::vector<double> sum;  // after the rotation
  std::vector<double> y;
};

// hidden, residual: (B, L, D); rope_cos, rope_sin: (L, D).
inline AddNormResult AddNorm(const std::vector<double>& hidden, const std::vector<double>& residual,
                             const std::vector<double>& rope_cos,
                             const std::vector<double>& rope_sin, NormKind norm,
                             const std::vector<double>& weight, const std::vector<double>& bias,
                             double eps) {
  const size_t D = weight.size();
  AddNormResult result;
  result.sum = residual.empty() ? hidden : Add(hidden, residual);
  if (!rope_cos.empty()) {
    for (size_t i = 0; i < hidden.size(); i += 2) {
      const size_t table = i % rope_cos.size();
      const double even = result.sum[i];
      const double odd = result.sum[i + 1];
      result.sum[i] = even * rope_cos[table] - odd * rope_sin[table];
      result.sum[i + 1] = odd * rope_cos[table + 1] + even * rope_sin[table + 1];
    }
  }
  if (norm == NormKind::kLayer) {
    result.y = LayerNorm(result.sum, weight, bias, {}, eps, D);
    return result;
  }
  result.y.resize(hidden.size());
  for (size_t row = 0; row < hidden.size(); row += D) {
    double mean_square = 0.0;
    for (size_t d = 0; d < D; ++d) {
      mean_square += result.sum[row + d] * result.sum[row + d] / static_cast<double>(D);
    }
    for (size_t d = 0; d < D; ++d) {
      result.y[row + d] = result.sum[row + d] / std::sqrt(mean_square + eps) * weight[d];
    }
  }
  return result;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_ADD_NORM_H_
