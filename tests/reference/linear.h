// kernels/gemm/linear.h in double precision. Absent arguments are empty vectors.
#ifndef LOCALMAMBA_TESTS_REFERENCE_LINEAR_H_
#define LOCALMAMBA_TESTS_REFERENCE_LINEAR_H_

#include <cstddef>
#include <vector>

#include "tests/reference/activation.h"

namespace localmamba::reference {

inline std::vector<double> Linear(const std::vector<double>& x, const std::vector<double>& weight,
                                  const std::vector<double>& bias, Activation activation,
                                  const std::vector<double>& residual, size_t M, size_t N,
                                  size_t K) {
  std::vector<double> y(M * N);
  for (size_t m = 0; m < M; ++m) {
    for (size_t n = 0; n < N; ++n) {
      double sum = bias.empty() ? 0.0 : bias[n];
      for (size_t k = 0; k < K; ++k) sum += x[m * K + k] * weight[n * K + k];
      y[m * N + n] = Activate(activation, sum) + (residual.empty() ? 0.0 : residual[m * N + n]);
    }
  }
  return y;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_LINEAR_H_
