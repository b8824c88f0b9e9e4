// kernels/norm/add_norm_backward.h in double precision. Absent arguments are empty vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_ADD_NORM_BACKWARD_H_
#define LOCALMAMBA_TESTS_REFERENCE_ADD_NORM_BACKWARD_H_

#include <cstddef>
#include <vector>

#include "kernels/norm/add_norm.h"
#include "tests/reference/layer_norm_backward.h"

namespace localmamba::reference {

struct AddNormGradients {
  std::vector<double> dsum, dweight, dbias;
};

// residual_out, dy, dresidual_out: (B, L, D); rope_cos, rope_sin: (L, D).
inline AddNormGradients AddNormBackward(const std::vector<double>& residual_out,
                                        const std::vector<double>& rope_cos,
                                        const std::vector<double>& rope_sin, NormKind norm,
                                        const std::vector<double>& weight, double eps,
                                        const std::vector<double>& dy,
                                        const std::vector<double>& dresidual_out) {
  const size_t D = weight.size();
  const bool centred = norm == NormKind::kLayer;
  AddNormGradients result = {
      .dsum = dresidual_out, .dweight = std::vector<double>(D), .dbias = std::vector<double>(D)};
  result.dsum.resize(residual_out.size());
  for (size_t row = 0; row < dy.size(); row += D) {
    const NormalizedRow normalized = NormalizeRow(&residual_out[row], D, eps, centred);
    std::vector<double> g(D);
    for (size_t d = 0; d < D; ++d) {
      result.dweight[d] += dy[row + d] * normalized.values[d];
      result.dbias[d] += dy[row + d];
      g[d] = dy[row + d] * weight[d];
    }
    const std::vector<double> ds =
        NormalizationGradient(normalized.values, g, normalized.scale, centred);
    for (size_t d = 0; d < D; ++d) result.dsum[row + d] += ds[d];
  }
  for (size_t i = 0; !rope_cos.empty() && i < result.dsum.size(); i += 2) {
    const size_t table = i % rope_cos.size();
    const double even = result.dsum[i];
    const double odd = result.dsum[i + 1];
    result.dsum[i] = even * rope_cos[table] + odd * rope_sin[table + 1];
    result.dsum[i + 1] = odd * rope_cos[table + 1] - even * rope_sin[table];
  }
  return result;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_ADD_NORM_BACKWARD_H_
