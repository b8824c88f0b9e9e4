// What the scans on vectors of channels share: one lane is one channel. Guard as in
// kernels/elementwise/vector_math-inl.h.
#if defined(LOCALMAMBA_KERNELS_SCAN_SCAN_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOCALMAMBA_KERNELS_SCAN_SCAN_VECTORS_INL_H_
#undef LOCALMAMBA_KERNELS_SCAN_SCAN_VECTORS_INL_H_
#else
#define LOCALMAMBA_KERNELS_SCAN_SCAN_VECTORS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/tensor/tensor_view.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {

using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;
inline constexpr size_t kLanes = hn::MaxLanes(Tag());
inline constexpr float kLog2E = 1.44269504F;

// The rows of one batch entry of (B, rows, channels), from channel d on.
template <class Float>
struct BasicRows {
  template <class View>
  BasicRows(const View& view, int64_t b, int64_t d) {
    if (view.empty()) return;
    base = view.template data<float>() + b * view.stride(0) + d;
    stride = view.stride(1);
  }
  Float* operator[](int64_t row) const { return base + row * stride; }

  Float* base = nullptr;
  int64_t stride = 0;
};
using Rows = BasicRows<const float>;
using MutableRows = BasicRows<float>;

// Where position t is read or written; absent maps are the identity.
struct IndexMap {
  explicit IndexMap(const ConstTensorView& view)
      : indices(view.empty() ? nullptr : view.data<int32_t>()) {}
  int64_t operator[](int64_t t) const { return indices == nullptr ? t : indices[t]; }

  const int32_t* indices;
};

// to[i][lane] = matrix[d + lane][i] * scale for lane < lanes, 0 in the other lanes.
inline void TransposeRows(const ConstTensorView& matrix, int64_t d, size_t lanes, float scale,
                          float* HWY_RESTRICT to) {
  const int64_t stride = matrix.stride(0);
  const float* from = matrix.data<float>() + d * stride;
  for (int64_t i = 0; i < matrix.dim(1); ++i, to += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      to[lane] = lane < lanes ? from[static_cast<int64_t>(lane) * stride + i] * scale : 0.0F;
    }
  }
}

// One lane a channel from channel d on; zeros if `channels` is absent.
inline void LoadChannels(const ConstTensorView& channels, int64_t d, size_t lanes, float* to) {
  const Tag tag;
  hn::Store(channels.empty() ? hn::Zero(tag) : LoadPartial(tag, channels.data<float>() + d, lanes),
            tag, to);
}

// The product of transposed rows of delta_weight with one row of delta. Two sums, as one would wait
// for itself.
HWY_INLINE Vec Project(const float* delta, const float* weight, size_t rank) {
  const Tag tag;
  Vec even = hn::Zero(tag);
  Vec odd = hn::Zero(tag);
  size_t r = 0;
  for (; r + 2 <= rank; r += 2) {
    even = hn::MulAdd(hn::Set(tag, delta[r]), hn::Load(tag, weight + r * kLanes), even);
    odd = hn::MulAdd(hn::Set(tag, delta[r + 1]), hn::Load(tag, weight + (r + 1) * kLanes), odd);
  }
  if (r < rank) {
    even = hn::MulAdd(hn::Set(tag, delta[r]), hn::Load(tag, weight + r * kLanes), even);
  }
  return hn::Add(even, odd);
}

// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#endif  // LOCALMAMBA_KERNELS_SCAN_SCAN_VECTORS_INL_H_
