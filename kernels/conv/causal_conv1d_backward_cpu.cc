// One task is a direction, a batch entry and a group of channels. It walks the positions once,
// whole rows of the group at a time as the forward does: the pre-activation of position t from the
// last inputs, its gradient, which is added to the sums of dweight and dbias, and the gradient of
// the input that leaves the window, for which the last gradients are kept.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/aligned_allocator.h"
#include "kernels/conv/backends.h"
#include "kernels/device/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv/causal_conv1d_backward_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/elementwise/vector_gradient-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

using Direction = CausalConv1dBackwardDirection;
using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;
constexpr size_t kLanes = hn::MaxLanes(Tag());
constexpr size_t kGroupVectors = 8;
constexpr size_t kGroupChannels = kGroupVectors * kLanes;

// Memory of one task. Arrays of vectors, one lane a channel.
template <size_t kWidth>
struct Workspace {
  HWY_ALIGN float taps[kGroupVectors][kWidth][kLanes];
  HWY_ALIGN float dtaps[kGroupVectors][kWidth][kLanes];
  HWY_ALIGN float dbias[kGroupVectors][kLanes];
  // dpre of positions t - (kWidth-1) ... t; entry t % kWidth is position t.
  HWY_ALIGN float dpre[kWidth][kGroupChannels];
};

// Channels d ... d + channels - 1 of batch entry b. `sums`: channels x (kWidth + 1), the gradients
// of weight and bias of this sequence.
template <size_t kWidth>
void Backward(const Direction& s, Activation activation, int64_t b, int64_t d, size_t channels,
              float* sums) {
  const Tag tag;
  const int64_t length = s.du.dim(1);
  const float* x = s.x.data<float>() + b * s.x.stride(0) + d;
  const float* du = s.du.data<float>() + b * s.du.stride(0) + d;
  float* dx = s.dx.empty() ? nullptr : s.dx.data<float>() + b * s.dx.stride(0) + d;
  const float* bias = s.bias.empty() ? nullptr : s.bias.data<float>() + d;
  const int32_t* read = s.read.empty() ? nullptr : s.read.data<int32_t>();

  Workspace<kWidth> w = {};
  for (size_t c = 0; c < channels; ++c) {
    const float* taps = s.weight.data<float>() + (d + static_cast<int64_t>(c)) * s.weight.stride(0);
    for (size_t k = 0; k < kWidth; ++k) w.taps[c / kLanes][k][c % kLanes] = taps[k];
  }
  // The row read at position t, -1 where it is zero.
  const auto row_at = [&](int64_t t) -> int64_t {
    if (t < 0 || t >= length) return -1;
    return read == nullptr ? t : read[t];
  };
  int64_t rows[kWidth];  // of positions t - (kWidth-1) ... t
  std::fill_n(rows, kWidth, -1);
  constexpr auto kTail = static_cast<int64_t>(kWidth) - 1;  // positions after the last without du
  for (int64_t t = 0; t < length + kTail; ++t) {
    for (size_t k = 0; k + 1 < kWidth; ++k) rows[k] = rows[k + 1];
    rows[kWidth - 1] = row_at(t);
    const auto slot = static_cast<size_t>(t) % kWidth;
    for (size_t c = 0, v = 0; c < channels; c += kLanes, ++v) {
      const size_t count = std::min(kLanes, channels - c);
      Vec dpre = hn::Zero(tag);
      if (t < length) {
        Vec inputs[kWidth];
        Vec pre = bias == nullptr ? hn::Zero(tag) : LoadPartial(tag, bias + c, count);
        for (size_t k = 0; k < kWidth; ++k) {
          inputs[k] = rows[k] < 0 ? hn::Zero(tag)
                                  : LoadPartial(tag, x + rows[k] * s.x.stride(1) + c, count);
          pre = hn::MulAdd(hn::Load(tag, w.taps[v][k]), inputs[k], pre);
        }
        dpre = hn::Mul(LoadPartial(tag, du + t * s.du.stride(1) + c, count),
                       ActivationGradient(tag, activation, pre));
        for (size_t k = 0; k < kWidth; ++k) {
          hn::Store(hn::MulAdd(dpre, inputs[k], hn::Load(tag, w.dtaps[v][k])), tag, w.dtaps[v][k]);
        }
        hn::Store(hn::Add(dpre, hn::Load(tag, w.dbias[v])), tag, w.dbias[v]);
      }
      hn::Store(dpre, tag, &w.dpre[slot][c]);
      if (dx == nullptr || rows[0] < 0) continue;
      // Position t - (kWidth-1) met tap k at position t - k.
      Vec sum = hn::Mul(hn::Load(tag, w.taps[v][0]), dpre);
      for (size_t k = 1; k < kWidth; ++k) {
        const size_t at = (slot + kWidth - k) % kWidth;
        sum = hn::MulAdd(hn::Load(tag, w.taps[v][k]), hn::Load(tag, &w.dpre[at][c]), sum);
      }
      StorePartial(tag, sum, dx + rows[0] * s.dx.stride(1) + c, count);
    }
  }
  for (size_t c = 0; c < channels; ++c) {
    for (size_t k = 0; k < kWidth; ++k) *sums++ = w.dtaps[c / kLanes][k][c % kLanes];
    *sums++ = w.dbias[c / kLanes][c % kLanes];
  }
}

using BackwardFunction = void (*)(const Direction&, Activation, int64_t, int64_t, size_t, float*);

BackwardFunction BackwardOfWidth(int64_t width) {
  static_assert(kMaxCausalConvWidth == 8);
  constexpr BackwardFunction kFunctions[] = {Backward<1>, Backward<2>, Backward<3>, Backward<4>,
                                             Backward<5>, Backward<6>, Backward<7>, Backward<8>};
  return kFunctions[width - 1];
}

// dweight and dbias of channel d: sums over the batch. `sums` belongs to entry 0 of the batch.
void SumBatch(const Direction& s, const float* sums, int64_t d) {
  const int64_t width = s.weight.dim(1);
  const auto sum_of = [&](int64_t i) {
    float sum = 0.0F;
    for (int64_t b = 0; b < s.x.dim(0); ++b) {
      sum += sums[(b * s.x.dim(2) + d) * (width + 1) + i];
    }
    return sum;
  };
  if (!s.dweight.empty()) {
    float* dweight = s.dweight.data<float>() + d * s.dweight.stride(0);
    for (int64_t k = 0; k < width; ++k) dweight[k] = sum_of(k);
  }
  if (!s.dbias.empty()) s.dbias.data<float>()[d] = sum_of(width);
}

void CausalConv1dBackwardVectors(absl::Span<const Direction> directions, Activation activation,
                                 const Stream& stream) {
  const Direction& first = directions.front();
  const int64_t width = first.weight.dim(1);
  const BackwardFunction backward = BackwardOfWidth(width);
  const int64_t batch = first.x.dim(0);
  const int64_t channels = first.x.dim(2);
  constexpr auto kStep = static_cast<int64_t>(kGroupChannels);
  const int64_t groups = (channels + kStep - 1) / kStep;
  const auto count = static_cast<int64_t>(directions.size());
  // [direction][b][channel]: dweight, dbias
  const auto sums =
      hwy::AllocateAligned<float>(static_cast<size_t>(count * batch * channels * (width + 1) + 1));
  ParallelFor(stream, count * batch * groups, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t sequence = i / groups;
      const int64_t d = i % groups * kStep;
      backward(directions[static_cast<size_t>(sequence / batch)], activation, sequence % batch, d,
               static_cast<size_t>(std::min(kStep, channels - d)),
               sums.get() + (sequence * channels + d) * (width + 1));
    }
  });
  ParallelFor(stream, count * channels, GrainRows(batch * (width + 1)),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  const int64_t k = i / channels;
                  SumBatch(directions[static_cast<size_t>(k)],
                           sums.get() + k * batch * channels * (width + 1), i % channels);
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

HWY_EXPORT(CausalConv1dBackwardVectors);

void CausalConv1dBackwardCpu(absl::Span<const CausalConv1dBackwardDirection> directions,
                             Activation activation, const Stream& stream) {
  HWY_DYNAMIC_DISPATCH(CausalConv1dBackwardVectors)(directions, activation, stream);
}

}  // namespace localmamba
#endif  // HWY_ONCE
