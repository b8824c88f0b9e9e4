// Activation (activation.h) on Highway vectors of float, for operations that end in one. Guard as
// in vector_math-inl.h.
#if defined(LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_ACTIVATION_INL_H_
#undef LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_ACTIVATION_INL_H_
#else
#define LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_ACTIVATION_INL_H_
#endif

#include "kernels/elementwise/activation.h"
#include "kernels/elementwise/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Activate(D d, Activation activation, V x) {
  switch (activation) {
    case Activation::kSilu:
      return Silu(d, x);
    case Activation::kGelu:
      return Gelu(d, x);
    case Activation::kSigmoid:
      return Sigmoid(d, x);
    case Activation::kRelu:
      return hn::Max(x, hn::Zero(d));
    case Activation::kIdentity:
      break;
  }
  return x;
}

// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_ACTIVATION_INL_H_
