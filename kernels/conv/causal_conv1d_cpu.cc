// One task is a direction, a batch entry and a run of positions. It sums whole rows of the last
// inputs, so that memory is walked row by row. A task that walked all positions of a few channels
// could keep taps and inputs in registers, but would touch a page per position: up to 1.6 times
// slower at batch 8 of LocalVim-T, where the tokens do not fit the cache of a core.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/aligned_allocator.h"
#include "kernels/conv/backends.h"
#include "kernels/device/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv/causal_conv1d_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/elementwise/vector_activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;
constexpr size_t kLanes = hn::MaxLanes(Tag());
constexpr int64_t kRun = 32;  // positions of a task

// taps[d / lanes][k][d % lanes] = weight[d][k], 0 beyond the last channel.
void ArrangeTaps(const ConstTensorView& weight, float* taps) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Tag()));
  const int64_t width = weight.dim(1);
  for (int64_t d = 0; d < weight.dim(0); ++d) {
    const float* from = weight.data<float>() + d * weight.stride(0);
    float* to = taps + d / lanes * width * lanes + d % lanes;
    for (int64_t k = 0; k < width; ++k) to[k * lanes] = from[k];
  }
}

// Positions begin ... end - 1 of batch entry b.
template <size_t kWidth>
void ConvolveRun(const CausalConv1dDirection& s, const float* taps, Activation activation,
                 int64_t b, int64_t begin, int64_t end) {
  const Tag tag;
  const size_t lanes = hn::Lanes(tag);
  const auto channels = static_cast<size_t>(s.x.dim(2));
  const float* x = s.x.data<float>() + b * s.x.stride(0);
  const int32_t* read = s.read.empty() ? nullptr : s.read.data<int32_t>();
  const float* bias = s.bias.empty() ? nullptr : s.bias.data<float>();
  float* u = s.u.data<float>() + (b * s.u.dim(1) + begin) * s.u.dim(2);

  // The row at position t, null where it is zero.
  const auto row_at = [&](int64_t t) -> const float* {
    const int64_t row = t < 0 || read == nullptr ? t : read[t];
    return row < 0 ? nullptr : x + row * s.x.stride(1);
  };
  const float* rows[kWidth];  // s[t - (kWidth-1)] ... s[t]
  for (size_t k = 1; k < kWidth; ++k) rows[k] = row_at(begin + static_cast<int64_t>(k - kWidth));
  for (int64_t t = begin; t < end; ++t, u += channels) {
    for (size_t k = 0; k + 1 < kWidth; ++k) rows[k] = rows[k + 1];
    rows[kWidth - 1] = row_at(t);
    const float* tap = taps;
    for (size_t d = 0; d < channels; d += lanes) {
      const size_t count = std::min(lanes, channels - d);
      Vec sum = bias == nullptr ? hn::Zero(tag) : LoadPartial(tag, bias + d, count);
      for (size_t k = 0; k < kWidth; ++k, tap += lanes) {
        if (rows[k] == nullptr) continue;
        sum = hn::MulAdd(hn::Load(tag, tap), LoadPartial(tag, rows[k] + d, count), sum);
      }
      StorePartial(tag, Activate(tag, activation, sum), u + d, count);
    }
  }
}

using Convolve = void (*)(const CausalConv1dDirection&, const float*, Activation, int64_t, int64_t,
                          int64_t);

Convolve ConvolveOfWidth(int64_t width) {
  static_assert(kMaxCausalConvWidth == 8);
  constexpr Convolve kFunctions[] = {ConvolveRun<1>, ConvolveRun<2>, ConvolveRun<3>,
                                     ConvolveRun<4>, ConvolveRun<5>, ConvolveRun<6>,
                                     ConvolveRun<7>, ConvolveRun<8>};
  return kFunctions[width - 1];
}

void CausalConv1dVectors(absl::Span<const CausalConv1dDirection> directions, Activation activation,
                         const Stream& stream) {
  const CausalConv1dDirection& first = directions.front();
  const int64_t width = first.weight.dim(1);
  const Convolve convolve = ConvolveOfWidth(width);
  const int64_t batch = first.x.dim(0);
  int64_t longest = 0;
  for (const CausalConv1dDirection& s : directions) longest = std::max(longest, s.u.dim(1));
  const int64_t runs = (longest + kRun - 1) / kRun;  // of a sequence; short ones lack the last
  const int64_t tasks = static_cast<int64_t>(directions.size()) * batch * runs;
  const auto taps_size = (static_cast<size_t>(first.x.dim(2)) + kLanes - 1) / kLanes * kLanes *
                         static_cast<size_t>(width);
  ParallelFor(stream, tasks, 1, [&](int64_t begin, int64_t end) {
    const auto taps = hwy::AllocateAligned<float>(taps_size);
    std::fill_n(taps.get(), taps_size, 0.0F);
    int64_t arranged = -1;  // the direction whose taps these are
    for (int64_t i = begin; i < end; ++i) {
      const int64_t direction = i / runs / batch;
      const CausalConv1dDirection& s = directions[static_cast<size_t>(direction)];
      const int64_t t = i % runs * kRun;
      if (t >= s.u.dim(1)) continue;
      if (direction != arranged) ArrangeTaps(s.weight, taps.get());
      arranged = direction;
      convolve(s, taps.get(), activation, i / runs % batch, t, std::min(t + kRun, s.u.dim(1)));
    }
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace localmamba {

HWY_EXPORT(CausalConv1dVectors);

void CausalConv1dCpu(absl::Span<const CausalConv1dDirection> directions, Activation activation,
                     const Stream& stream) {
  HWY_DYNAMIC_DISPATCH(CausalConv1dVectors)(directions, activation, stream);
}

}  // namespace localmamba
#endif  // HWY_ONCE
