// kernels/reduce/adaptive_average_pool.h in double precision.
#ifndef LOCALMAMBA_TESTS_REFERENCE_ADAPTIVE_AVERAGE_POOL_H_
#define LOCALMAMBA_TESTS_REFERENCE_ADAPTIVE_AVERAGE_POOL_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/tensor/shape.h"

namespace localmamba::reference {

// x: (B, H, W, C).
inline std::vector<double> AdaptiveAveragePool(const std::vector<double>& x, const Shape& shape,
                                               int64_t Ho, int64_t Wo) {
  const int64_t H = shape[1];
  const int64_t W = shape[2];
  const int64_t C = shape[3];
  const auto contains = [](int64_t bin, int64_t bins, int64_t length, int64_t i) {
    const double size = static_cast<double>(length) / static_cast<double>(bins);
    return static_cast<double>(i) >= std::floor(static_cast<double>(bin) * size) &&
           static_cast<double>(i) < std::ceil(static_cast<double>(bin + 1) * size);
  };
  std::vector<double> y;
  for (int64_t output = 0; output < shape[0] * Ho * Wo * C; ++output) {
    const int64_t b = output / (Ho * Wo * C);
    double sum = 0.0;
    double count = 0.0;
    for (int64_t cell = 0; cell < H * W; ++cell) {
      if (!contains(output / (Wo * C) % Ho, Ho, H, cell / W)) continue;
      if (!contains(output / C % Wo, Wo, W, cell % W)) continue;
      sum += x[static_cast<size_t>((b * H * W + cell) * C + output % C)];
      count += 1.0;
    }
    y.push_back(sum / count);
  }
  return y;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_ADAPTIVE_AVERAGE_POOL_H_
