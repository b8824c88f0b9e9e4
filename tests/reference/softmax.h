// kernels/reduce/softmax.h in double precision.
#ifndef LOCALMAMBA_TESTS_REFERENCE_SOFTMAX_H_
#define LOCALMAMBA_TESTS_REFERENCE_SOFTMAX_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace localmamba::reference {

// Rows of N elements.
inline std::vector<double> Softmax(const std::vector<double>& x, size_t N) {
  std::vector<double> y(x.size());
  for (size_t row = 0; row < x.size(); row += N) {
    const double largest = *std::max_element(&x[row], &x[row] + N);
    double sum = 0.0;
    for (size_t i = row; i < row + N; ++i) sum += std::exp(x[i] - largest);
    for (size_t i = row; i < row + N; ++i) y[i] = std::exp(x[i] - largest) / sum;
  }
  return y;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_SOFTMAX_H_
