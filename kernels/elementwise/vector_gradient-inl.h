// Derivatives of the activation functions (vector_math-inl.h) on Highway vectors of float, for
// backward kernels. Guard as in vector_math-inl.h.
//
// Errors are at most 2^-20 of the larger of the result and its summands: the derivatives of SiLU
// and GELU cross zero between two of opposite sign. NaN at minus infinity as the functions
// themselves.
#if defined(LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_GRADIENT_INL_H_
#undef LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_GRADIENT_INL_H_
#else
#define LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_GRADIENT_INL_H_
#endif

#include "kernels/elementwise/activation.h"
#include "kernels/elementwise/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {

// sigmoid(x) * (1 - sigmoid(x)), computed from e^-|x| so that nothing cancels.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V SigmoidGradient(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V t = Exp(d, hn::Neg(hn::Abs(x)));
  const V r = hn::Div(one, hn::Add(one, t));
  return hn::Mul(hn::Mul(t, r), r);
}

// sigmoid(x) + x * sigmoid'(x).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V SiluGradient(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V t = Exp(d, hn::Neg(hn::Abs(x)));
  const V r = hn::Div(one, hn::Add(one, t));
  const V tr = hn::Mul(t, r);
  return hn::MulAdd(hn::Mul(x, tr), r, hn::IfThenElse(hn::Ge(x, hn::Zero(d)), r, tr));
}

// Phi(x) + x * phi(x) with the normal distribution's Phi and its density phi.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V GeluGradient(D d, V x) {
  const V bell = Exp(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5f)));
  const V density = hn::Mul(bell, hn::Set(d, 0.3989422804f));  // 1 / sqrt(2 pi)
  return hn::MulAdd(x, density, NormalCumulative(d, x, bell));
}

// 1 above zero, else 0.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ReluGradient(D d, V x) {
  return hn::IfThenElseZero(hn::Gt(x, hn::Zero(d)), hn::Set(d, 1.0f));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V ActivationGradient(D d, Activation activation, V x) {
  switch (activation) {
    case Activation::kSilu:
      return SiluGradient(d, x);
    case Activation::kGelu:
      return GeluGradient(d, x);
    case Activation::kSigmoid:
      return SigmoidGradient(d, x);
    case Activation::kRelu:
      return ReluGradient(d, x);
    case Activation::kIdentity:
      break;
  }
  return hn::Set(d, 1.0f);
}

// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_GRADIENT_INL_H_
