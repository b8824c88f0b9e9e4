// The resizes of kernels/image in double precision, straight from their definitions.
#ifndef LOCALMAMBA_TESTS_REFERENCE_RESIZE_H_
#define LOCALMAMBA_TESTS_REFERENCE_RESIZE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/image/resize_antialiased.h"
#include "kernels/tensor/shape.h"

namespace localmamba::reference {

inline double Keys(double x, double a) {
  x = std::abs(x);
  if (x < 1.0) return (a + 2.0) * x * x * x - (a + 3.0) * x * x + 1.0;
  if (x < 2.0) return a * x * x * x - 5.0 * a * x * x + 8.0 * a * x - 4.0 * a;
  return 0.0;
}

// x: (H, W, C).
inline std::vector<double> ResizeBicubic(const std::vector<double>& x, const Shape& shape,
                                         int64_t Ho, int64_t Wo) {
  const int64_t H = shape[0];
  const int64_t W = shape[1];
  const int64_t C = shape[2];
  const auto source = [](int64_t i, int64_t in, int64_t out) {
    return (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) -
           0.5;
  };
  std::vector<double> y;
  for (int64_t output = 0; output < Ho * Wo * C; ++output) {
    const double row = source(output / (Wo * C), H, Ho);
    const double column = source(output / C % Wo, W, Wo);
    double sum = 0.0;
    for (int64_t p = -1; p <= 2; ++p) {
      for (int64_t q = -1; q <= 2; ++q) {
        const double r = std::floor(row) + static_cast<double>(p);
        const double c = std::floor(column) + static_cast<double>(q);
        const int64_t inside_r = std::clamp<int64_t>(static_cast<int64_t>(r), 0, H - 1);
        const int64_t inside_c = std::clamp<int64_t>(static_cast<int64_t>(c), 0, W - 1);
        sum += Keys(row - r, -0.75) * Keys(column - c, -0.75) *
               x[static_cast<size_t>((inside_r * W + inside_c) * C + output % C)];
      }
    }
    y.push_back(sum);
  }
  return y;
}

// x: (B, H, W, C).
inline std::vector<double> ResizeBilinear(const std::vector<double>& x, const Shape& shape,
                                          int64_t Ho, int64_t Wo) {
  const int64_t H = shape[1];
  const int64_t W = shape[2];
  const int64_t C = shape[3];
  const auto source = [](int64_t i, int64_t in, int64_t out) {
    return std::max(
        0.0,
        (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5);
  };
  std::vector<double> y;
  for (int64_t output = 0; output < shape[0] * Ho * Wo * C; ++output) {
    const int64_t b = output / (Ho * Wo * C);
    const double row = source(output / (Wo * C) % Ho, H, Ho);
    const double column = source(output / C % Wo, W, Wo);
    double sum = 0.0;
    for (int64_t p = 0; p <= 1; ++p) {
      for (int64_t q = 0; q <= 1; ++q) {
        const double r = std::floor(row) + static_cast<double>(p);
        const double c = std::floor(column) + static_cast<double>(q);
        const int64_t inside_r = std::min(static_cast<int64_t>(r), H - 1);
        const int64_t inside_c = std::min(static_cast<int64_t>(c), W - 1);
        sum += (1.0 - std::abs(row - r)) * (1.0 - std::abs(column - c)) *
               x[static_cast<size_t>(((b * H + inside_r) * W + inside_c) * C + output % C)];
      }
    }
    y.push_back(sum);
  }
  return y;
}

// x: (B, H, W, C).
inline std::vector<double> ResizeNearest(const std::vector<double>& x, const Shape& shape,
                                         int64_t Ho, int64_t Wo) {
  const int64_t H = shape[1];
  const int64_t W = shape[2];
  const int64_t C = shape[3];
  const auto source = [](int64_t i, int64_t in, int64_t out) {
    const float scale = static_cast<float>(in) / static_cast<float>(out);  // part of the contract
    return std::min(static_cast<int64_t>(std::floor(static_cast<float>(i) * scale)), in - 1);
  };
  std::vector<double> y;
  for (int64_t output = 0; output < shape[0] * Ho * Wo * C; ++output) {
    const int64_t b = output / (Ho * Wo * C);
    const int64_t row = source(output / (Wo * C) % Ho, H, Ho);
    const int64_t column = source(output / C % Wo, W, Wo);
    y.push_back(x[static_cast<size_t>(((b * H + row) * W + column) * C + output % C)]);
  }
  return y;
}

// One axis of ResizeAntialiased: `outer` sequences of `in` elements that are `inner` apart.
// Rounds and clips to 8 bits.
inline std::vector<double> ResizeAxisAntialiased(const std::vector<double>& x, int64_t outer,
                                                 int64_t in, int64_t out, int64_t inner,
                                                 ResizeFilter filter) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0);
  const double support = (filter == ResizeFilter::kBilinear ? 1.0 : 2.0) * filter_scale;
  std::vector<double> y;
  for (int64_t output = 0; output < outer * out * inner; ++output) {
    const double centre = (static_cast<double>(output / inner % out) + 0.5) * scale;
    const auto begin = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    const auto end = std::min<int64_t>(static_cast<int64_t>(centre + support + 0.5), in);
    double sum = 0.0;
    double weights = 0.0;
    for (int64_t j = begin; j < end; ++j) {
      const double distance = (static_cast<double>(j) - centre + 0.5) / filter_scale;
      const double weight = filter == ResizeFilter::kBilinear
                                ? std::max(0.0, 1.0 - std::abs(distance))
                                : Keys(distance, -0.5);
      weights += weight;
      sum += weight *
             x[static_cast<size_t>(((output / (out * inner)) * in + j) * inner + output % inner)];
    }
    y.push_back(std::clamp(std::floor(sum / weights + 0.5), 0.0, 255.0));
  }
  return y;
}

// x: (H, W, C), whole numbers of 0 to 255.
inline std::vector<double> ResizeAntialiased(const std::vector<double>& x, const Shape& shape,
                                             int64_t Ho, int64_t Wo, ResizeFilter filter) {
  const std::vector<double> narrowed =
      ResizeAxisAntialiased(x, shape[0], shape[1], Wo, shape[2], filter);
  return ResizeAxisAntialiased(narrowed, 1, shape[0], Ho, Wo * shape[2], filter);
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_RESIZE_H_
