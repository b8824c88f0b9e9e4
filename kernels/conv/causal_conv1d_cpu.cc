// One task is a direction, a batch entry and as many channels as a vector has lanes. Walking the
// sequence, the taps and the last inputs stay in registers, so that every input is loaded once.
#include <algorithm>
#include <cstddef>
#include <cstdint>

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

// Channels d ... d + lanes - 1 of batch entry b.
template <size_t kWidth>
void ConvolveChannels(const CausalConv1dDirection& s, Activation activation, int64_t b, int64_t d,
                      size_t lanes) {
  const Tag tag;
  HWY_ALIGN float taps[kWidth * kLanes] = {};
  for (size_t lane = 0; lane < lanes; ++lane) {
    const float* weight =
        s.weight.data<float>() + (d + static_cast<int64_t>(lane)) * s.weight.stride(0);
    for (size_t k = 0; k < kWidth; ++k) taps[k * kLanes + lane] = weight[k];
  }
  Vec weight[kWidth];
  Vec window[kWidth];  // s[t - (kWidth-1)] ... s[t]
  for (size_t k = 0; k < kWidth; ++k) {
    weight[k] = hn::Load(tag, taps + k * kLanes);
    window[k] = hn::Zero(tag);
  }
  const Vec bias =
      s.bias.empty() ? hn::Zero(tag) : LoadPartial(tag, s.bias.data<float>() + d, lanes);

  const float* x = s.x.data<float>() + b * s.x.stride(0) + d;
  const int32_t* read = s.read.empty() ? nullptr : s.read.data<int32_t>();
  const int64_t length = s.u.dim(1);
  float* u = s.u.data<float>() + b * length * s.u.dim(2) + d;
  for (int64_t t = 0; t < length; ++t, u += s.u.dim(2)) {
    for (size_t k = 0; k + 1 < kWidth; ++k) window[k] = window[k + 1];
    const int64_t row = read == nullptr ? t : read[t];
    window[kWidth - 1] = row < 0 ? hn::Zero(tag) : LoadPartial(tag, x + row * s.x.stride(1), lanes);
    Vec sum = bias;
    for (size_t k = 0; k < kWidth; ++k) sum = hn::MulAdd(weight[k], window[k], sum);
    StorePartial(tag, Activate(tag, activation, sum), u, lanes);
  }
}

using Convolve = void (*)(const CausalConv1dDirection&, Activation, int64_t, int64_t, size_t);

Convolve ConvolveOfWidth(int64_t width) {
  static_assert(kMaxCausalConvWidth == 8);
  constexpr Convolve kFunctions[] = {ConvolveChannels<1>, ConvolveChannels<2>, ConvolveChannels<3>,
                                     ConvolveChannels<4>, ConvolveChannels<5>, ConvolveChannels<6>,
                                     ConvolveChannels<7>, ConvolveChannels<8>};
  return kFunctions[width - 1];
}

void CausalConv1dVectors(absl::Span<const CausalConv1dDirection> directions, Activation activation,
                         const Stream& stream) {
  const CausalConv1dDirection& first = directions.front();
  const Convolve convolve = ConvolveOfWidth(first.weight.dim(1));
  const int64_t batch = first.x.dim(0);
  const int64_t channels = first.x.dim(2);
  const auto block = static_cast<int64_t>(hn::Lanes(Tag()));
  const int64_t blocks = (channels + block - 1) / block;
  const int64_t tasks = static_cast<int64_t>(directions.size()) * batch * blocks;
  ParallelFor(stream, tasks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t d = i % blocks * block;
      convolve(directions[static_cast<size_t>(i / blocks / batch)], activation, i / blocks % batch,
               d, static_cast<size_t>(std::min(block, channels - d)));
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
