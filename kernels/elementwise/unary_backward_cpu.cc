#include "kernels/device/parallel.h"
#include "kernels/elementwise/backends.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise/unary_backward_cpu.cc"
#include "hwy/foreach_target.h"  // before highway.h
// After it:
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/elementwise/vector_gradient-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

// One derivative per vector, a template parameter so that the loops inline it.
struct SiluSlope {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return SiluGradient(d, x);
  }
};
struct GeluSlope {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return GeluGradient(d, x);
  }
};
struct SigmoidSlope {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return SigmoidGradient(d, x);
  }
};
struct ReluSlope {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return ReluGradient(d, x);
  }
};
struct SoftplusSlope {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Sigmoid(d, x);
  }
};
struct NegExpSlope {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Neg(Exp(d, x));
  }
};

template <class Slope>
void MultiplyBySlope(Slope slope, const float* x, const float* dy, float* dx, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t N = hn::Lanes(d);
  size_t i = 0;
  for (; i + N <= count; i += N) {
    hn::StoreU(hn::Mul(slope(d, hn::LoadU(d, x + i)), hn::LoadU(d, dy + i)), d, dx + i);
  }
  if (i < count) {
    const size_t rest = count - i;
    const auto gradient =
        hn::Mul(slope(d, LoadPartial(d, x + i, rest)), LoadPartial(d, dy + i, rest));
    StorePartial(d, gradient, dx + i, rest);
  }
}

void UnaryBackwardRange(UnaryFunction function, const float* x, const float* dy, float* dx,
                        size_t count) {
  switch (function) {
    case UnaryFunction::kSilu:
      return MultiplyBySlope(SiluSlope(), x, dy, dx, count);
    case UnaryFunction::kGelu:
      return MultiplyBySlope(GeluSlope(), x, dy, dx, count);
    case UnaryFunction::kSigmoid:
      return MultiplyBySlope(SigmoidSlope(), x, dy, dx, count);
    case UnaryFunction::kRelu:
      return MultiplyBySlope(ReluSlope(), x, dy, dx, count);
    case UnaryFunction::kSoftplus:
      return MultiplyBySlope(SoftplusSlope(), x, dy, dx, count);
    case UnaryFunction::kNegExp:
      return MultiplyBySlope(NegExpSlope(), x, dy, dx, count);
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
HWY_EXPORT(UnaryBackwardRange);
}  // namespace

absl::Status UnaryBackwardCpu(UnaryFunction function, const ConstTensorView& x,
                              const ConstTensorView& dy, const TensorView& dx, Stream& stream) {
  const auto unary_backward_range = HWY_DYNAMIC_DISPATCH(UnaryBackwardRange);
  ParallelFor(stream, x.elements(), GrainRows(1), [&](int64_t begin, int64_t end) {
    unary_backward_range(function, x.data<float>() + begin, dy.data<float>() + begin,
                         dx.data<float>() + begin, static_cast<size_t>(end - begin));
  });
  return absl::OkStatus();
}

}  // namespace localmamba
#endif  // HWY_ONCE
