// Statistics of one row and its normalisation, shared by the norms. Used inside HWY_NAMESPACE by
// kernels that are compiled once per instruction set, hence the guard that toggles.
#if defined(LOCALMAMBA_KERNELS_NORM_ROW_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOCALMAMBA_KERNELS_NORM_ROW_NORM_INL_H_
#undef LOCALMAMBA_KERNELS_NORM_ROW_NORM_INL_H_
#else
#define LOCALMAMBA_KERNELS_NORM_ROW_NORM_INL_H_
#endif

#include <cmath>
#include <cstddef>

#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using RowTag = hn::ScalableTag<float>;
using RowVec = hn::Vec<RowTag>;

// Sum of x[i] - mean over a row, or of its square, in two accumulators that hide the latency of
// additions.
template <bool kSquare>
HWY_INLINE float SumOfDeviations(const float* x, size_t count, float mean) {
  const hn::ScalableTag<float> d;
  const size_t N = hn::Lanes(d);
  const auto offset = hn::Set(d, mean);
  const auto term = [&](const float* at) HWY_ATTR {
    const auto deviation = hn::Sub(hn::LoadU(d, at), offset);
    if constexpr (kSquare) {
      return hn::Mul(deviation, deviation);
    } else {
      return deviation;
    }
  };
  auto sum0 = hn::Zero(d);
  auto sum1 = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * N <= count; i += 2 * N) {
    sum0 = hn::Add(sum0, term(x + i));
    sum1 = hn::Add(sum1, term(x + i + N));
  }
  if (i + N <= count) {
    sum0 = hn::Add(sum0, term(x + i));
    i += N;
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
  for (; i < count; ++i) sum += kSquare ? (x[i] - mean) * (x[i] - mean) : x[i] - mean;
  return sum;
}

// Both norms are x^ = (x - mean) * scale.
struct RowStatistics {
  float mean;   // 0 for an RMS norm
  float scale;  // 1 / sqrt(variance or mean square + eps)
};

HWY_INLINE RowStatistics LayerStatistics(const float* x, size_t count, float eps) {
  const auto n = static_cast<float>(count);
  const float mean = SumOfDeviations<false>(x, count, 0.0F) / n;
  return {mean, 1.0F / std::sqrt(SumOfDeviations<true>(x, count, mean) / n + eps)};
}

HWY_INLINE RowStatistics RmsStatistics(const float* x, size_t count, float eps) {
  const float mean_square = SumOfDeviations<true>(x, count, 0.0F) / static_cast<float>(count);
  return {0.0F, 1.0F / std::sqrt(mean_square + eps)};
}

// x^ of a row, by vectors: n elements from i.
struct NormalizedRow {
  const float* x;
  RowStatistics statistics;

  [[nodiscard]] HWY_INLINE RowVec Load(size_t i, size_t n) const {
    const RowTag d;
    return hn::Mul(hn::Sub(LoadPartial(d, x + i, n), hn::Set(d, statistics.mean)),
                   hn::Set(d, statistics.scale));
  }
};

// normalized * weight + bias at n elements from i. Absent ones are null.
HWY_INLINE RowVec WeighAndShift(RowVec normalized, const float* weight, const float* bias, size_t i,
                                size_t n) {
  const RowTag d;
  if (weight != nullptr) normalized = hn::Mul(normalized, LoadPartial(d, weight + i, n));
  if (bias != nullptr) normalized = hn::Add(normalized, LoadPartial(d, bias + i, n));
  return normalized;
}

// Calls body(i, n) for each vector of a row: n elements from i, all lanes but for the last call.
template <class Body>
HWY_INLINE void ForEachVector(size_t count, Body body) {
  const size_t N = hn::Lanes(hn::ScalableTag<float>());
  size_t i = 0;
  for (; i + N <= count; i += N) body(i, N);
  if (i < count) body(i, count - i);
}

// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#endif  // LOCALMAMBA_KERNELS_NORM_ROW_NORM_INL_H_
