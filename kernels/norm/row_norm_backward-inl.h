// The gradient of a row's normalisation, shared by the norms' backward kernels. Guard as in
// row_norm-inl.h.
//
//   x^ = (x - mean) * scale,   g = dn * weight
//   dx = scale * (g - mean(g) - x^ * mean(g * x^))        without mean(g) for an RMS norm
#if defined(LOCALMAMBA_KERNELS_NORM_ROW_NORM_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOCALMAMBA_KERNELS_NORM_ROW_NORM_BACKWARD_INL_H_
#undef LOCALMAMBA_KERNELS_NORM_ROW_NORM_BACKWARD_INL_H_
#else
#define LOCALMAMBA_KERNELS_NORM_ROW_NORM_BACKWARD_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"
#include "kernels/norm/row_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {

// Means over the row.
struct GradientMeans {
  float g;             // of g; 0 for an RMS norm
  float g_normalized;  // of g * x^
};

// First pass over a row: adds dn * x^ to `dweight` and dn to `dbias` unless they are null.
// dn(i, n, normalized): the gradient at n elements from i, 0 in the other lanes.
// gradient(i, n, dn): g, from dn.
template <class Dn, class Gradient>
HWY_INLINE GradientMeans ReduceGradient(const NormalizedRow& row, size_t D, const Dn& dn,
                                        const Gradient& gradient, float* dweight, float* dbias) {
  const RowTag d;
  auto sum = hn::Zero(d);
  auto sum_normalized = hn::Zero(d);
  ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
    const auto normalized = row.Load(i, n);
    const auto dn_i = dn(i, n, normalized);
    if (dweight != nullptr) {
      const auto before = LoadPartial(d, dweight + i, n);
      StorePartial(d, hn::MulAdd(dn_i, normalized, before), dweight + i, n);
    }
    if (dbias != nullptr) {
      StorePartial(d, hn::Add(dn_i, LoadPartial(d, dbias + i, n)), dbias + i, n);
    }
    const auto g = gradient(i, n, dn_i);
    sum = hn::Add(sum, g);
    sum_normalized = hn::MulAdd(g, normalized, sum_normalized);
  });
  const auto size = static_cast<float>(D);
  return {hn::GetLane(hn::SumOfLanes(d, sum)) / size,
          hn::GetLane(hn::SumOfLanes(d, sum_normalized)) / size};
}

// dx at n elements from i.
HWY_INLINE RowVec InputGradient(const NormalizedRow& row, const GradientMeans& means, RowVec g,
                                size_t i, size_t n) {
  const RowTag d;
  const auto centred = hn::Sub(g, hn::Set(d, means.g));
  const auto projected = hn::Set(d, means.g_normalized);
  return hn::Mul(hn::NegMulAdd(row.Load(i, n), projected, centred),
                 hn::Set(d, row.statistics.scale));
}

// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#endif  // LOCALMAMBA_KERNELS_NORM_ROW_NORM_BACKWARD_INL_H_
