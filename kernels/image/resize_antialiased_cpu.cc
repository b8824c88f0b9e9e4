#include <algorithm>
#include <cstring>
#include <memory>

#include "kernels/device/parallel.h"
#include "kernels/image/antialias_taps.h"
#include "kernels/image/backends.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/image/resize_antialiased_cpu.cc"
#include "hwy/foreach_target.h"  // before highway.h
// After it:
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Sums start at one half, and demotion to 8 bits clips.
constexpr int32_t kHalf = 1 << (kAntialiasWeightBits - 1);

uint8_t RoundAndClip(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kAntialiasWeightBits, 0, 255));
}

#if HWY_TARGET != HWY_SCALAR
// One row of 3 or 4 channels: the channels of a pixel are the lanes, taps follow each other.
template <size_t kChannels>
void ResizeRowOfPixels(const uint8_t* in, int64_t in_width, const AntialiasTaps& taps, uint8_t* out,
                       int64_t out_width) {
  const hn::FixedTag<int32_t, 4> d;
  const hn::Rebind<uint8_t, decltype(d)> d8;
  for (int64_t i = 0; i < out_width; ++i, out += kChannels) {
    const AntialiasTaps::Range range = taps.at(i);
    const uint8_t* pixel = in + range.first * static_cast<int64_t>(kChannels);
    // Four bytes are read for a pixel; of three channels the row's last must not be read so.
    const int64_t whole =
        kChannels == 4 ? range.count : std::min(range.count, in_width - 1 - range.first);
    const auto tap = [&](int64_t k) HWY_ATTR {
      return hn::Mul(hn::PromoteTo(d, hn::LoadU(d8, pixel + k * static_cast<int64_t>(kChannels))),
                     hn::Set(d, range.weight[k]));
    };
    auto sum0 = hn::Set(d, kHalf);
    auto sum1 = hn::Zero(d);
    int64_t k = 0;
    for (; k + 2 <= whole; k += 2) {
      sum0 = hn::Add(sum0, tap(k));
      sum1 = hn::Add(sum1, tap(k + 1));
    }
    if (k < whole) sum0 = hn::Add(sum0, tap(k++));
    if (k < range.count) {
      HWY_ALIGN uint8_t last[4] = {};
      std::memcpy(last, pixel + k * static_cast<int64_t>(kChannels), kChannels);
      sum1 =
          hn::Add(sum1, hn::Mul(hn::PromoteTo(d, hn::Load(d8, last)), hn::Set(d, range.weight[k])));
    }
    HWY_ALIGN uint8_t bytes[4];
    const auto sum = hn::ShiftRight<kAntialiasWeightBits>(hn::Add(sum0, sum1));
    hn::Store(hn::DemoteTo(d8, sum), d8, bytes);
    std::memcpy(out, bytes, kChannels);
  }
}
#endif  // HWY_TARGET != HWY_SCALAR

void ResizeRow(const uint8_t* in, [[maybe_unused]] int64_t in_width, int64_t channels,
               const AntialiasTaps& taps, uint8_t* out, int64_t out_width) {
#if HWY_TARGET != HWY_SCALAR
  if (channels == 3) return ResizeRowOfPixels<3>(in, in_width, taps, out, out_width);
  if (channels == 4) return ResizeRowOfPixels<4>(in, in_width, taps, out, out_width);
#endif
  for (int64_t i = 0; i < out_width * channels; ++i) {
    const AntialiasTaps::Range range = taps.at(i / channels);
    const uint8_t* pixel = in + range.first * channels + i % channels;
    int32_t sum = kHalf;
    for (int64_t k = 0; k < range.count; ++k) sum += range.weight[k] * pixel[k * channels];
    out[i] = RoundAndClip(sum);
  }
}

// One output row of `width` bytes from rows of `in` that are `width` bytes apart.
void CombineRows(const uint8_t* in, const AntialiasTaps::Range& range, uint8_t* out, size_t width) {
  const hn::ScalableTag<int32_t> d;
  const hn::Rebind<uint8_t, decltype(d)> d8;
  const size_t N = hn::Lanes(d);
  in += static_cast<size_t>(range.first) * width;
  size_t i = 0;
  for (; i + 2 * N <= width; i += 2 * N) {
    auto sum0 = hn::Set(d, kHalf);
    auto sum1 = hn::Set(d, kHalf);
    const uint8_t* row = in + i;
    for (int64_t k = 0; k < range.count; ++k, row += width) {
      const auto weight = hn::Set(d, range.weight[k]);
      sum0 = hn::Add(sum0, hn::Mul(hn::PromoteTo(d, hn::LoadU(d8, row)), weight));
      sum1 = hn::Add(sum1, hn::Mul(hn::PromoteTo(d, hn::LoadU(d8, row + N)), weight));
    }
    hn::StoreU(hn::DemoteTo(d8, hn::ShiftRight<kAntialiasWeightBits>(sum0)), d8, out + i);
    hn::StoreU(hn::DemoteTo(d8, hn::ShiftRight<kAntialiasWeightBits>(sum1)), d8, out + i + N);
  }
  for (; i < width; ++i) {
    int32_t sum = kHalf;
    for (int64_t k = 0; k < range.count; ++k) {
      sum += range.weight[k] * in[static_cast<size_t>(k) * width + i];
    }
    out[i] = RoundAndClip(sum);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace localmamba {
namespace {
HWY_EXPORT(ResizeRow);
HWY_EXPORT(CombineRows);
}  // namespace

absl::Status ResizeAntialiasedCpu(const ConstTensorView& x, ResizeFilter filter,
                                  const TensorView& y, Stream& stream) {
  const int64_t C = x.dim(2);
  const int64_t Wo = y.dim(1);
  const AntialiasTaps columns = MakeAntialiasTaps(x.dim(1), Wo, filter);
  const AntialiasTaps rows = MakeAntialiasTaps(x.dim(0), y.dim(0), filter);
  const auto width = static_cast<size_t>(Wo * C);
  const auto narrowed =
      std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(x.dim(0)) * width);

  const auto resize_row = HWY_DYNAMIC_DISPATCH(ResizeRow);
  ParallelFor(stream, x.dim(0), 8, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      resize_row(x.data<uint8_t>() + r * x.stride(0), x.dim(1), C, columns,
                 narrowed.get() + static_cast<size_t>(r) * width, Wo);
    }
  });
  const auto combine_rows = HWY_DYNAMIC_DISPATCH(CombineRows);
  ParallelFor(stream, y.dim(0), 8, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      combine_rows(narrowed.get(), rows.at(i), y.data<uint8_t>() + i * Wo * C, width);
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
#endif  // HWY_ONCE
