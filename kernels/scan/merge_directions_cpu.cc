// Parallel over tokens, vectors along the channels. The output row is the accumulator: it stays in
// the first-level cache while the directions are added.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/device/parallel.h"
#include "kernels/scan/backends.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/scan/merge_directions_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;

// o * channel * spatial of one token and direction.
struct Term {
  const float* o;
  const float* channel;  // or null
  float spatial;

  [[nodiscard]] HWY_INLINE Vec Load(size_t d, size_t count) const {
    const Tag tag;
    const Vec value = hn::Mul(LoadPartial(tag, o + d, count), hn::Set(tag, spatial));
    return channel == nullptr ? value : hn::Mul(value, LoadPartial(tag, channel + d, count));
  }
};

// Calls body(d, count) for every vector of a row; count < lanes only for the last.
template <class Body>
HWY_INLINE void ForEachVector(size_t channels, const Body& body) {
  const size_t lanes = hn::Lanes(Tag());
  for (size_t d = 0; d < channels; d += lanes) body(d, std::min(lanes, channels - d));
}

// scale * term + shift: the parameter-free LayerNorm and the weight of a direction in one step.
struct Affine {
  float scale;
  float shift;
};

Affine NormalizeAndWeigh(const Term& term, size_t channels, float weight) {
  constexpr float kEpsilon = 1e-5F;
  const Tag tag;
  const auto size = static_cast<float>(channels);
  Vec sum = hn::Zero(tag);
  ForEachVector(channels,
                [&](size_t d, size_t count) HWY_ATTR { sum = hn::Add(sum, term.Load(d, count)); });
  const float mean = hn::GetLane(hn::SumOfLanes(tag, sum)) / size;
  Vec squares = hn::Zero(tag);
  ForEachVector(channels, [&](size_t d, size_t count) HWY_ATTR {
    const Vec centred = hn::Sub(term.Load(d, count), hn::Set(tag, mean));
    const Vec valid = hn::IfThenElseZero(hn::FirstN(tag, count), centred);
    squares = hn::MulAdd(valid, valid, squares);
  });
  const float variance = hn::GetLane(hn::SumOfLanes(tag, squares)) / size;
  const float scale = weight / std::sqrt(variance + kEpsilon);
  return {scale, -mean * scale};
}

void MergeToken(const MergeDirectionsArgs& args, int64_t token) {
  const Tag tag;
  const int64_t directions = args.o.dim(0);
  const int64_t batch = args.o.dim(1);
  const int64_t tokens = args.o.dim(2);
  const auto channels = static_cast<size_t>(args.o.dim(3));
  float* y = args.y.data<float>() + token * args.o.dim(3);
  for (int64_t k = 0; k < directions; ++k) {
    const int64_t entry = k * batch + token / tokens;
    const int64_t row = k * batch * tokens + token;
    Term term{args.o.data<float>() + row * args.o.dim(3), nullptr, 1.0F};
    if (!args.channel.empty()) term.channel = args.channel.data<float>() + entry * args.o.dim(3);
    if (!args.local.empty()) {
      const float logit = args.local.data<float>()[row] + args.global.data<float>()[entry];
      term.spatial = 1.0F / (1.0F + std::exp(-logit));
    }
    const Affine affine = args.w.empty()
                              ? Affine{1.0F, 0.0F}
                              : NormalizeAndWeigh(term, channels, args.w.data<float>()[k]);
    ForEachVector(channels, [&](size_t d, size_t count) HWY_ATTR {
      const Vec before = k == 0 ? hn::Zero(tag) : LoadPartial(tag, y + d, count);
      const Vec shifted = hn::Add(before, hn::Set(tag, affine.shift));
      StorePartial(tag, hn::MulAdd(term.Load(d, count), hn::Set(tag, affine.scale), shifted), y + d,
                   count);
    });
  }
}

void MergeDirectionsVectors(const MergeDirectionsArgs& args, const Stream& stream) {
  constexpr int64_t kTokensPerTask = 8;
  ParallelFor(stream, args.o.dim(1) * args.o.dim(2), kTokensPerTask,
              [&](int64_t begin, int64_t end) {
                for (int64_t token = begin; token < end; ++token) MergeToken(args, token);
              });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace localmamba {

HWY_EXPORT(MergeDirectionsVectors);

void MergeDirectionsCpu(const MergeDirectionsArgs& args, const Stream& stream) {
  HWY_DYNAMIC_DISPATCH(MergeDirectionsVectors)(args, stream);
}

}  // namespace localmamba
#endif  // HWY_ONCE
