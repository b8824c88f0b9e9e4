// Loads and stores of the first `count` floats of a vector, for the end of a row. Highway's masked
// loads may touch memory past the row on some targets; these never do. Guard as in
// vector_math-inl.h.
#if defined(LOCALMAMBA_KERNELS_ELEMENTWISE_PARTIAL_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOCALMAMBA_KERNELS_ELEMENTWISE_PARTIAL_VECTOR_INL_H_
#undef LOCALMAMBA_KERNELS_ELEMENTWISE_PARTIAL_VECTOR_INL_H_
#else
#define LOCALMAMBA_KERNELS_ELEMENTWISE_PARTIAL_VECTOR_INL_H_
#endif

#include <cstddef>
#include <cstring>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// from[0 ... count-1], the other lanes 0. count <= Lanes(d).
template <class D>
HWY_INLINE hn::Vec<D> LoadPartial(D d, const float* HWY_RESTRICT from, size_t count) {
  if (count == hn::Lanes(d)) return hn::LoadU(d, from);
  HWY_ALIGN float lanes[hn::MaxLanes(D())] = {};
  std::memcpy(lanes, from, count * sizeof(float));
  return hn::Load(d, lanes);
}

// Writes the first `count` lanes only. count <= Lanes(d).
template <class D>
HWY_INLINE void StorePartial(D d, hn::Vec<D> v, float* HWY_RESTRICT to, size_t count) {
  if (count == hn::Lanes(d)) {
    hn::StoreU(v, d, to);
    return;
  }
  HWY_ALIGN float lanes[hn::MaxLanes(D())];
  hn::Store(v, d, lanes);
  std::memcpy(to, lanes, count * sizeof(float));
}

// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_PARTIAL_VECTOR_INL_H_
