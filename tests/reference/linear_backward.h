// kernels/gemm/linear_backward.h and kernels/reduce/sum_rows.h in double precision.
#ifndef LOCALMAMBA_TESTS_REFERENCE_LINEAR_BACKWARD_H_
#define LOCALMAMBA_TESTS_REFERENCE_LINEAR_BACKWARD_H_

#include <cstddef>
#include <vector>

namespace localmamba::reference {

// x: (P * R, N); the result: (P, N).
inline std::vector<double> SumRows(const std::vector<double>& x, size_t P, size_t N) {
  std::vector<double> y(P * N);
  for (size_t i = 0; i < x.size(); ++i) y[i % (P * N)] += x[i];
  return y;
}

struct LinearGradients {
  std::vector<double> dx, dweight, dbias;
};

inline LinearGradients LinearBackward(const std::vector<double>& x,
                                      const std::vector<double>& weight,
                                      const std::vector<double>& dy, size_t M, size_t N, size_t K) {
  LinearGradients result = {.dx = std::vector<double>(M * K),
                            .dweight = std::vector<double>(N * K),
                            .dbias = SumRows(dy, 1, N)};
  for (size_t m = 0; m < M; ++m) {
    for (size_t n = 0; n < N; ++n) {
      for (size_t k = 0; k < K; ++k) {
        result.dx[m * K + k] += dy[m * N + n] * weight[n * K + k];
        result.dweight[n * K + k] += dy[m * N + n] * x[m * K + k];
      }
    }
  }
  return result;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_LINEAR_BACKWARD_H_
