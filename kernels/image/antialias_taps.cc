#include "kernels/image/antialias_taps.h"

#include <algorithm>
#include <cmath>

namespace localmamba {
namespace {

double Radius(ResizeFilter filter) { return filter == ResizeFilter::kBilinear ? 1.0 : 2.0; }

double Evaluate(ResizeFilter filter, double x) {
  x = std::abs(x);
  if (filter == ResizeFilter::kBilinear) return x < 1.0 ? 1.0 - x : 0.0;
  constexpr double kA = -0.5;
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * kA;
  return 0.0;
}

}  // namespace

// Follows precompute_coeffs and normalize_coeffs_8bpc of Pillow's src/libImaging/Resample.c
// operation by operation, because the results are to be equal to the last bit.
AntialiasTaps MakeAntialiasTaps(int64_t in, int64_t out, ResizeFilter filter) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0);
  const double support = Radius(filter) * filter_scale;
  const double inverse_scale = 1.0 / filter_scale;

  AntialiasTaps taps;
  taps.stride = static_cast<size_t>(std::ceil(support)) * 2 + 1;
  taps.weights.resize(static_cast<size_t>(out) * taps.stride);
  std::vector<double> weights(taps.stride);
  for (int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    const auto end = std::min<int64_t>(static_cast<int64_t>(centre + support + 0.5), in);
    const auto count = static_cast<size_t>(end - first);
    double sum = 0.0;
    for (size_t j = 0; j < count; ++j) {
      const double position = static_cast<double>(static_cast<int64_t>(j) + first);
      weights[j] = Evaluate(filter, (position - centre + 0.5) * inverse_scale);
      sum += weights[j];
    }
    for (size_t j = 0; j < count; ++j) {
      const double weight = weights[j] / sum * (1 << kAntialiasWeightBits);
      taps.weights[static_cast<size_t>(i) * taps.stride + j] =
          static_cast<int32_t>(weight + (weight < 0.0 ? -0.5 : 0.5));
    }
    taps.first.push_back(first);
    taps.count.push_back(static_cast<int64_t>(count));
  }
  return taps;
}

}  // namespace localmamba
