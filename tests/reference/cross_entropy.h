// kernels/reduce/cross_entropy.h and softmax_backward.h in double precision. Rows of C or N
// elements.
#ifndef LOCALMAMBA_TESTS_REFERENCE_CROSS_ENTROPY_H_
#define LOCALMAMBA_TESTS_REFERENCE_CROSS_ENTROPY_H_

#include <cmath>
#include <cstddef>
#include <vector>

#include "tests/reference/softmax.h"

namespace localmamba::reference {

// The loss of each row.
inline std::vector<double> CrossEntropy(const std::vector<double>& logits,
                                        const std::vector<double>& targets, size_t C) {
  std::vector<double> losses(logits.size() / C);
  for (size_t b = 0; b < losses.size(); ++b) {
    const double* row = &logits[b * C];
    const double largest = *std::max_element(row, row + C);
    double sum = 0.0;
    for (size_t c = 0; c < C; ++c) sum += std::exp(row[c] - largest);
    for (size_t c = 0; c < C; ++c) {
      losses[b] += targets[b * C + c] * (std::log(sum) + largest - row[c]);
    }
  }
  return losses;
}

// Of the mean of the losses.
inline std::vector<double> CrossEntropyBackward(const std::vector<double>& logits,
                                                const std::vector<double>& targets, size_t C,
                                                double dloss) {
  std::vector<double> gradient = Softmax(logits, C);
  const auto B = static_cast<double>(logits.size() / C);
  for (size_t row = 0; row < logits.size(); row += C) {
    double weight = 0.0;
    for (size_t c = row; c < row + C; ++c) weight += targets[c];
    for (size_t c = row; c < row + C; ++c) {
      gradient[c] = (gradient[c] * weight - targets[c]) * dloss / B;
    }
  }
  return gradient;
}

inline std::vector<double> SoftmaxBackward(const std::vector<double>& y,
                                           const std::vector<double>& dy, size_t N) {
  std::vector<double> dx(y.size());
  for (size_t row = 0; row < y.size(); row += N) {
    double dot = 0.0;
    for (size_t i = row; i < row + N; ++i) dot += y[i] * dy[i];
    for (size_t i = row; i < row + N; ++i) dx[i] = y[i] * (dy[i] - dot);
  }
  return dx;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_CROSS_ENTROPY_H_
