#include "kernels/device/parallel.h"
#include "kernels/elementwise/backends.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise/unary_cpu.cc"
#include "hwy/foreach_target.h"  // before highway.h
// After it:
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/elementwise/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

// One function per vector, a template parameter so that the loops inline it.
struct SiluOf {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Silu(d, x);
  }
};
struct GeluOf {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Gelu(d, x);
  }
};
struct SigmoidOf {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Sigmoid(d, x);
  }
};
struct ReluOf {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Max(x, hn::Zero(d));
  }
};
struct SoftplusOf {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return Softplus(d, x);
  }
};
struct NegExpOf {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Neg(Exp(d, x));
  }
};

template <class Function>
void Transform(Function function, const float* x, float* y, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t N = hn::Lanes(d);
  size_t i = 0;
  for (; i + N <= count; i += N) hn::StoreU(function(d, hn::LoadU(d, x + i)), d, y + i);
  if (i < count) {
    StorePartial(d, function(d, LoadPartial(d, x + i, count - i)), y + i, count - i);
  }
}

void UnaryRange(UnaryFunction function, const float* x, float* y, size_t count) {
  switch (function) {
    case UnaryFunction::kSilu:
      return Transform(SiluOf(), x, y, count);
    case UnaryFunction::kGelu:
      return Transform(GeluOf(), x, y, count);
    case UnaryFunction::kSigmoid:
      return Transform(SigmoidOf(), x, y, count);
    case UnaryFunction::kRelu:
      return Transform(ReluOf(), x, y, count);
    case UnaryFunction::kSoftplus:
      return Transform(SoftplusOf(), x, y, count);
    case UnaryFunction::kNegExp:
      return Transform(NegExpOf(), x, y, count);
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
HWY_EXPORT(UnaryRange);
}  // namespace

absl::Status UnaryCpu(UnaryFunction function, const ConstTensorView& x, const TensorView& y,
                      Stream& stream) {
  const auto unary_range = HWY_DYNAMIC_DISPATCH(UnaryRange);
  ParallelFor(stream, x.elements(), GrainRows(1), [&](int64_t begin, int64_t end) {
    unary_range(function, x.data<float>() + begin, y.data<float>() + begin,
                static_cast<size_t>(end - begin));
  });
  return absl::OkStatus();
}

}  // namespace localmamba
#endif  // HWY_ONCE
