// One task is a batch entry, a band of rows and as many channels as a vector has lanes. The taps of
// 3x3 kernels (LocalVMamba's) stay in registers; cells at the border skip the taps outside.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/aligned_allocator.h"
#include "kernels/conv/backends.h"
#include "kernels/device/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv/depthwise_conv2d_cpu.cc"
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
constexpr int64_t kBandRows = 8;

class Task {
 public:
  // `taps` holds kh * kw vectors.
  Task(const DepthwiseConv2dArgs& args, int64_t b, int64_t d, float* taps)
      : height_(args.x.dim(1)),
        width_(args.x.dim(2)),
        kernel_height_(args.weight.dim(1)),
        kernel_width_(args.weight.dim(2)),
        row_stride_(args.x.stride(1)),
        cell_stride_(args.x.stride(2)),
        y_row_stride_(args.y.stride(1)),
        y_cell_stride_(args.y.stride(2)),
        lanes_(static_cast<size_t>(std::min<int64_t>(kLanes, args.x.dim(3) - d))),
        activation_(args.activation),
        x_(args.x.data<float>() + b * args.x.stride(0) + d),
        y_(args.y.data<float>() + b * args.y.stride(0) + d),
        bias_(args.bias.empty() ? nullptr : args.bias.data<float>() + d),
        taps_(taps) {
    const int64_t taps_per_channel = kernel_height_ * kernel_width_;
    const float* weight = args.weight.data<float>() + d * taps_per_channel;
    for (int64_t i = 0; i < taps_per_channel; ++i) {
      for (size_t lane = 0; lane < kLanes; ++lane) {
        taps[i * static_cast<int64_t>(kLanes) + static_cast<int64_t>(lane)] =
            lane < lanes_ ? weight[static_cast<int64_t>(lane) * taps_per_channel + i] : 0.0F;
      }
    }
  }

  void ConvolveRow(int64_t i) const {
    int64_t j = 0;
    if (kernel_height_ == 3 && kernel_width_ == 3 && i > 0 && i + 1 < height_) {
      StoreCell(i, 0, AnyCell(i, 0));
      for (j = 1; j + 1 < width_; ++j) StoreCell(i, j, InnerCell3x3(i, j));
    }
    for (; j < width_; ++j) StoreCell(i, j, AnyCell(i, j));
  }

 private:
  [[nodiscard]] HWY_INLINE Vec Input(int64_t i, int64_t j) const {
    return LoadPartial(Tag(), x_ + i * row_stride_ + j * cell_stride_, lanes_);
  }
  [[nodiscard]] HWY_INLINE Vec Tap(int64_t p, int64_t q) const {
    return hn::Load(Tag(), taps_ + (p * kernel_width_ + q) * static_cast<int64_t>(kLanes));
  }
  [[nodiscard]] HWY_INLINE Vec Bias() const {
    return bias_ == nullptr ? hn::Zero(Tag()) : LoadPartial(Tag(), bias_, lanes_);
  }

  [[nodiscard]] HWY_INLINE Vec InnerCell3x3(int64_t i, int64_t j) const {
    Vec sum = Bias();
    for (int64_t p = 0; p < 3; ++p) {
      for (int64_t q = 0; q < 3; ++q) {
        sum = hn::MulAdd(Tap(p, q), Input(i + p - 1, j + q - 1), sum);
      }
    }
    return sum;
  }

  [[nodiscard]] Vec AnyCell(int64_t i, int64_t j) const {
    const int64_t top = i - kernel_height_ / 2;
    const int64_t left = j - kernel_width_ / 2;
    const int64_t p_end = std::min(kernel_height_, height_ - top);
    const int64_t q_end = std::min(kernel_width_, width_ - left);
    Vec sum = Bias();
    for (int64_t p = std::max<int64_t>(0, -top); p < p_end; ++p) {
      for (int64_t q = std::max<int64_t>(0, -left); q < q_end; ++q) {
        sum = hn::MulAdd(Tap(p, q), Input(top + p, left + q), sum);
      }
    }
    return sum;
  }

  HWY_INLINE void StoreCell(int64_t i, int64_t j, Vec sum) const {
    StorePartial(Tag(), Activate(Tag(), activation_, sum),
                 y_ + i * y_row_stride_ + j * y_cell_stride_, lanes_);
  }

  const int64_t height_, width_, kernel_height_, kernel_width_;
  const int64_t row_stride_, cell_stride_, y_row_stride_, y_cell_stride_;
  const size_t lanes_;  // channels of the task
  const Activation activation_;
  const float* const x_;
  float* const y_;
  const float* const bias_;
  const float* const taps_;
};

void DepthwiseConv2dVectors(const DepthwiseConv2dArgs& args, const Stream& stream) {
  const int64_t height = args.x.dim(1);
  const auto block = static_cast<int64_t>(hn::Lanes(Tag()));
  const int64_t blocks = (args.x.dim(3) + block - 1) / block;
  const int64_t bands = (height + kBandRows - 1) / kBandRows;
  const auto taps_size = static_cast<size_t>(args.weight.dim(1) * args.weight.dim(2)) * kLanes;
  ParallelFor(stream, args.x.dim(0) * bands * blocks, 1, [&](int64_t begin, int64_t end) {
    const auto taps = hwy::AllocateAligned<float>(taps_size);
    for (int64_t n = begin; n < end; ++n) {
      const Task task(args, n / blocks / bands, n % blocks * block, taps.get());
      const int64_t first_row = n / blocks % bands * kBandRows;
      const int64_t last_row = std::min(height, first_row + kBandRows);
      for (int64_t i = first_row; i < last_row; ++i) task.ConvolveRow(i);
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

HWY_EXPORT(DepthwiseConv2dVectors);

void DepthwiseConv2dCpu(const DepthwiseConv2dArgs& args, const Stream& stream) {
  HWY_DYNAMIC_DISPATCH(DepthwiseConv2dVectors)(args, stream);
}

}  // namespace localmamba
#endif  // HWY_ONCE
