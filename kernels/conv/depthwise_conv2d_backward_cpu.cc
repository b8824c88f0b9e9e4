// Chunk by chunk of images: ds into scratch, dx as the convolution of ds with the mirrored kernel,
// and the sums for dweight and dbias of each image, which are added up at the end in the order of
// the images.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hwy/aligned_allocator.h"
#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/device/parallel.h"
#include "kernels/elementwise/unary_backward.h"
#include "kernels/reduce/sum_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv/depthwise_conv2d_backward_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;

// The sums of one image and as many channels as a vector has lanes.
class ImageSums {
 public:
  // x: (B, H, W, D), cells may be strided; ds: the same, dense.
  ImageSums(const ConstTensorView& x, const ConstTensorView& ds, int64_t b, int64_t d)
      : height_(x.dim(1)),
        width_(x.dim(2)),
        row_stride_(x.stride(1)),
        cell_stride_(x.stride(2)),
        channels_(x.dim(3)),
        lanes_(static_cast<size_t>(
            std::min<int64_t>(static_cast<int64_t>(hn::Lanes(Tag())), channels_ - d))),
        x_(x.data<float>() + b * x.stride(0) + d),
        ds_(ds.data<float>() + b * height_ * width_ * channels_ + d) {}

  // sum_{i, j} ds[i, j] * x[i + below, j + right].
  [[nodiscard]] Vec Product(int64_t below, int64_t right) const {
    Vec sum = hn::Zero(Tag());
    const int64_t i_end = std::min(height_, height_ - below);
    const int64_t j_end = std::min(width_, width_ - right);
    for (int64_t i = std::max<int64_t>(0, -below); i < i_end; ++i) {
      for (int64_t j = std::max<int64_t>(0, -right); j < j_end; ++j) {
        sum = hn::MulAdd(Gradient(i, j), Input(i + below, j + right), sum);
      }
    }
    return sum;
  }

  // Product(below, right) for right = -1, 0 and 1, to `to`, `stride` after it and twice that: a row
  // of a kernel of width 3, for which each cell is loaded once.
  void StoreThreeProducts(int64_t below, float* to, int64_t stride) const {
    Vec sum_left = hn::Zero(Tag());
    Vec sum_here = hn::Zero(Tag());
    Vec sum_right = hn::Zero(Tag());
    const int64_t i_end = width_ == 0 ? 0 : std::min(height_, height_ - below);
    for (int64_t i = std::max<int64_t>(0, -below); i < i_end; ++i) {
      Vec left = hn::Zero(Tag());
      Vec here = Input(i + below, 0);
      for (int64_t j = 0; j < width_; ++j) {
        const Vec right = j + 1 < width_ ? Input(i + below, j + 1) : hn::Zero(Tag());
        const Vec gradient = Gradient(i, j);
        sum_left = hn::MulAdd(gradient, left, sum_left);
        sum_here = hn::MulAdd(gradient, here, sum_here);
        sum_right = hn::MulAdd(gradient, right, sum_right);
        left = here;
        here = right;
      }
    }
    Store(sum_left, to);
    Store(sum_here, to + stride);
    Store(sum_right, to + 2 * stride);
  }

  // sum_{i, j} ds[i, j].
  [[nodiscard]] Vec Total() const {
    Vec sum = hn::Zero(Tag());
    for (int64_t i = 0; i < height_; ++i) {
      for (int64_t j = 0; j < width_; ++j) sum = hn::Add(sum, Gradient(i, j));
    }
    return sum;
  }

  void Store(Vec sum, float* to) const { StorePartial(Tag(), sum, to, lanes_); }

 private:
  [[nodiscard]] HWY_INLINE Vec Input(int64_t i, int64_t j) const {
    return LoadPartial(Tag(), x_ + i * row_stride_ + j * cell_stride_, lanes_);
  }
  [[nodiscard]] HWY_INLINE Vec Gradient(int64_t i, int64_t j) const {
    return LoadPartial(Tag(), ds_ + (i * width_ + j) * channels_, lanes_);
  }

  const int64_t height_, width_, row_stride_, cell_stride_, channels_;
  const size_t lanes_;
  const float* const x_;
  const float* const ds_;
};

// sums: (B, kh * kw + 1, D); the last row is that of dbias.
void SumImages(const ConstTensorView& x, const ConstTensorView& ds, int64_t kernel_height,
               int64_t kernel_width, float* sums, const Stream& stream) {
  const int64_t channels = x.dim(3);
  const auto block = static_cast<int64_t>(hn::Lanes(Tag()));
  const int64_t blocks = (channels + block - 1) / block;
  const int64_t taps = kernel_height * kernel_width;
  ParallelFor(stream, x.dim(0) * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const int64_t d = n % blocks * block;
      const ImageSums image(x, ds, n / blocks, d);
      float* to = sums + n / blocks * (taps + 1) * channels + d;
      for (int64_t p = 0; p < kernel_height && kernel_width == 3; ++p, to += 3 * channels) {
        image.StoreThreeProducts(p - kernel_height / 2, to, channels);
      }
      for (int64_t tap = 0; tap < taps && kernel_width != 3; ++tap, to += channels) {
        image.Store(image.Product(tap / kernel_width - kernel_height / 2,
                                  tap % kernel_width - kernel_width / 2),
                    to);
      }
      image.Store(image.Total(), to);
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
namespace {

HWY_EXPORT(SumImages);

// Bounds ds.
constexpr int64_t kChunkElements = int64_t{1} << 20;

struct DepthwiseConv2dBackwardScratch {
  std::vector<float> ds;
  std::vector<float> mirrored;
  std::vector<float> sums;
};

float* Resized(std::vector<float>& values, int64_t size) {
  values.resize(std::max(values.size(), static_cast<size_t>(size)));
  return values.data();
}

UnaryFunction FunctionOf(Activation activation) {
  if (activation == Activation::kSilu) return UnaryFunction::kSilu;
  if (activation == Activation::kGelu) return UnaryFunction::kGelu;
  return activation == Activation::kRelu ? UnaryFunction::kRelu : UnaryFunction::kSigmoid;
}

// dweight and dbias from the sums (taps + 1, D) of all images.
void StoreSums(const DepthwiseConv2dBackwardArgs& args, const float* totals) {
  const int64_t D = args.weight.dim(0);
  const int64_t taps = args.weight.dim(1) * args.weight.dim(2);
  if (!args.dweight.empty()) {
    for (int64_t i = 0; i < D * taps; ++i) {
      args.dweight.data<float>()[i] = totals[i % taps * D + i / taps];
    }
  }
  if (!args.dbias.empty()) std::copy_n(totals + taps * D, D, args.dbias.data<float>());
}

}  // namespace

absl::Status DepthwiseConv2dBackwardCpu(const DepthwiseConv2dBackwardArgs& args, Stream& stream) {
  const Shape shape = args.x.shape();
  const int64_t B = shape[0];
  const int64_t D = shape[3];
  const int64_t kh = args.weight.dim(1);
  const int64_t kw = args.weight.dim(2);
  const int64_t taps = kh * kw;
  auto& scratch = stream.Local<DepthwiseConv2dBackwardScratch>();
  float* const mirrored = Resized(scratch.mirrored, D * taps);
  for (int64_t d = 0; d < D; ++d) {
    std::reverse_copy(args.weight.data<float>() + d * taps,
                      args.weight.data<float>() + (d + 1) * taps, mirrored + d * taps);
  }
  const bool wants_sums = !args.dweight.empty() || !args.dbias.empty();
  // One more row of sums for their total.
  float* const sums = Resized(scratch.sums, wants_sums ? (B + 1) * (taps + 1) * D : 0);

  const int64_t image = shape[1] * shape[2] * D;
  const int64_t chunk =
      std::clamp<int64_t>(kChunkElements / std::max<int64_t>(1, image), 1, std::max<int64_t>(1, B));
  for (int64_t first = 0; first < B; first += chunk) {
    const int64_t last = std::min(B, first + chunk);
    const ConstTensorView x = args.x.Slice(0, first, last);
    ConstTensorView ds = args.dy.Slice(0, first, last);
    if (args.activation != Activation::kIdentity) {
      const TensorView before(Resized(scratch.ds, x.elements()), DType::kFloat32, x.shape());
      DepthwiseConv2dCpu({.x = x, .weight = args.weight, .bias = args.bias, .y = before}, stream);
      LM_RETURN_IF_ERROR(UnaryBackward(FunctionOf(args.activation), before, ds, before, stream));
      ds = before;
    }
    if (!args.dx.empty()) {
      DepthwiseConv2dCpu({.x = ds,
                          .weight = {mirrored, DType::kFloat32, args.weight.shape()},
                          .y = args.dx.Slice(0, first, last)},
                         stream);
    }
    if (wants_sums) {
      HWY_DYNAMIC_DISPATCH(SumImages)
      (x, ds, kh, kw, sums + first * (taps + 1) * D, stream);
    }
  }
  if (wants_sums) {
    const int64_t width = (taps + 1) * D;
    float* const totals = sums + B * width;
    LM_RETURN_IF_ERROR(SumRows({sums, DType::kFloat32, {B, width}},
                               {totals, DType::kFloat32, {1, width}}, stream));
    StoreSums(args, totals);
  }
  return absl::OkStatus();
}

}  // namespace localmamba
#endif  // HWY_ONCE
