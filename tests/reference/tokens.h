// The operations on token sequences of kernels/elementwise and kernels/reduce in double precision.
#ifndef LOCALMAMBA_TESTS_REFERENCE_TOKENS_H_
#define LOCALMAMBA_TESTS_REFERENCE_TOKENS_H_

#include <cstddef>
#include <vector>

namespace localmamba::reference {

// The rows of b repeat along those of a.
inline std::vector<double> Add(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> y(a.size());
  for (size_t i = 0; i < a.size(); ++i) y[i] = a[i] + b[i % b.size()];
  return y;
}

// x: (B, L, D), token: (D).
inline std::vector<double> InsertToken(const std::vector<double>& x,
                                       const std::vector<double>& token, size_t position,
                                       size_t L) {
  const size_t D = token.size();
  std::vector<double> y;
  for (size_t b = 0; b < x.size() / (L * D); ++b) {
    for (size_t t = 0; t <= L; ++t) {
      for (size_t d = 0; d < D; ++d) {
        if (t == position) {
          y.push_back(token[d]);
        } else {
          y.push_back(x[(b * L + (t < position ? t : t - 1)) * D + d]);
        }
      }
    }
  }
  return y;
}

// x: (B, L, D).
inline std::vector<double> TransposeTokens(const std::vector<double>& x, size_t L, size_t D) {
  std::vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t b = i / (L * D);
    const size_t l = i / D % L;
    const size_t d = i % D;
    y[(b * D + d) * L + l] = x[i];
  }
  return y;
}

// x: (B, L, D).
inline std::vector<double> MeanTokens(const std::vector<double>& x, size_t L, size_t D) {
  std::vector<double> y(x.size() / L);
  for (size_t i = 0; i < x.size(); ++i) {
    y[i / (L * D) * D + i % D] += x[i] / static_cast<double>(L);
  }
  return y;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_TOKENS_H_
