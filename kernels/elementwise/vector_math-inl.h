// Exponentials and activation functions on Highway vectors of float. Used inside HWY_NAMESPACE by
// kernels that are compiled once per instruction set, hence the guard that toggles.
//
// Relative errors are at most 2^-21, of the exponentials 2^-22. Below 2^-126 the exponentials are
// 0, or lie between 0 and 2^-126. NaN gives NaN, in Exp2 only on targets whose Min and Max keep it
// (all but Highway's SCALAR).
#if defined(LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_MATH_INL_H_
#undef LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_MATH_INL_H_
#else
#define LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_MATH_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Adding 1.5 * 2^23 to a float rounds it to an integer k, kept in the low mantissa bits.
inline constexpr float kRoundingShift = 12582912.0f;

// value * 2^k, where `shifted` = k + kRoundingShift: k is added to the exponent field.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ScaleByPowerOfTwo(D d, V value, V shifted) {
  const hn::RebindToSigned<D> di;
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, value), exponent));
}

// 2^x. Minimax polynomial of 2^f for |f| <= 1/2. Cheapest of the exponentials: the bounds of the
// clamp give exactly 0 and infinity, without masks.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Exp2(D d, V x) {
  x = hn::Min(hn::Set(d, 128.0f), hn::Max(hn::Set(d, -127.0f), x));
  const V shifted = hn::Add(x, hn::Set(d, kRoundingShift));
  const V f = hn::Sub(x, hn::Sub(shifted, hn::Set(d, kRoundingShift)));
  V p = hn::Set(d, 1.534581723e-4f);
  p = hn::MulAdd(p, f, hn::Set(d, 1.339993116e-3f));
  p = hn::MulAdd(p, f, hn::Set(d, 9.618488938e-3f));
  p = hn::MulAdd(p, f, hn::Set(d, 5.550328777e-2f));
  p = hn::MulAdd(p, f, hn::Set(d, 2.402264689e-1f));
  p = hn::MulAdd(p, f, hn::Set(d, 6.931472057e-1f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
  return ScaleByPowerOfTwo(d, p, shifted);
}

// e^x. Subtracts multiples of ln 2 in two parts, so that large |x| keeps its accuracy.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Exp(D d, V x) {
  const V shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), hn::Set(d, kRoundingShift));
  const V k = hn::Sub(shifted, hn::Set(d, kRoundingShift));
  V f = hn::NegMulAdd(k, hn::Set(d, 0.693359375f), x);
  f = hn::NegMulAdd(k, hn::Set(d, -2.12194440e-4f), f);
  V p = hn::Set(d, 1.406123547e-3f);
  p = hn::MulAdd(p, f, hn::Set(d, 8.379010964e-3f));
  p = hn::MulAdd(p, f, hn::Set(d, 4.166477737e-2f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.666636544e-1f));
  p = hn::MulAdd(p, f, hn::Set(d, 5.000000434e-1f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.00000005f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
  const V result = ScaleByPowerOfTwo(d, p, shifted);
  const V overflow = hn::Mul(x, hn::Inf(d));  // infinity, or NaN for NaN
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -87.3365f)),
                            hn::IfThenElse(hn::Lt(x, hn::Set(d, 88.72283f)), result, overflow));
}

// 1 / (1 + e^-x).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, Exp(d, hn::Neg(x))));
}

// x / (1 + e^-x). NaN at minus infinity.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Silu(D d, V x) {
  return hn::Div(x, hn::Add(hn::Set(d, 1.0f), Exp(d, hn::Neg(x))));
}

// The normal distribution's Phi(x) = (1 + erf(x / sqrt 2)) / 2, given `bell` = e^(-x^2 / 2).
//
// Its tail, Q(a) = erfc(a / sqrt 2) / 2 for a = |x|, is computed as `bell` times a polynomial in
// t = 1 / (1 + 0.3 a), so that nothing cancels for negative x.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V NormalCumulative(D d, V x, V bell) {
  const V one = hn::Set(d, 1.0f);
  const V t = hn::Div(one, hn::MulAdd(hn::Set(d, 0.3f), hn::Abs(x), one));
  V p = hn::Set(d, 0.03840738551f);
  p = hn::MulAdd(p, t, hn::Set(d, -0.1693074262f));
  p = hn::MulAdd(p, t, hn::Set(d, 0.2289517054f));
  p = hn::MulAdd(p, t, hn::Set(d, -0.07683957724f));
  p = hn::MulAdd(p, t, hn::Set(d, 0.1427652165f));
  p = hn::MulAdd(p, t, hn::Set(d, 0.09458588777f));
  p = hn::MulAdd(p, t, hn::Set(d, 0.1219452571f));
  p = hn::MulAdd(p, t, hn::Set(d, 0.1194842079f));
  p = hn::MulAdd(p, t, hn::Set(d, 7.372346606e-6f));
  const V tail = hn::Mul(p, bell);
  return hn::IfThenElse(hn::Ge(x, hn::Zero(d)), hn::Sub(one, tail), tail);
}

// x / 2 * (1 + erf(x / sqrt 2)). NaN at minus infinity. Relative error 2^-21 * (1 + x^2 / 8).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Gelu(D d, V x) {
  const V bell = Exp(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5f)));
  return hn::Mul(x, NormalCumulative(d, x, bell));
}

// ln(1 + e^x), computed as max(x, 0) + log1p(e^-|x|) with log1p(t) = 2 atanh(t / (2 + t)): relative
// accuracy for very negative x; above 20 equal to x in float, which is mamba_ssm's rule.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Softplus(D d, V x) {
  const V t = Exp(d, hn::Neg(hn::Abs(x)));
  const V s = hn::Div(t, hn::Add(hn::Set(d, 2.0f), t));
  const V s2 = hn::Mul(s, s);
  V p = hn::Set(d, 0.1400599489f);
  p = hn::MulAdd(p, s2, hn::Set(d, 0.140009023f));
  p = hn::MulAdd(p, s2, hn::Set(d, 0.2001076364f));
  p = hn::MulAdd(p, s2, hn::Set(d, 0.3333320814f));
  p = hn::MulAdd(p, s2, hn::Set(d, 1.0f));
  return hn::MulAdd(hn::Add(s, s), p, hn::Max(hn::Zero(d), x));
}

// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_VECTOR_MATH_INL_H_
