// Derivatives of the functions of activation.h in double precision.
#ifndef LOCALMAMBA_TESTS_REFERENCE_ACTIVATION_GRADIENT_H_
#define LOCALMAMBA_TESTS_REFERENCE_ACTIVATION_GRADIENT_H_

#include <cmath>

#include "tests/reference/activation.h"

namespace localmamba::reference {

inline double SigmoidGradient(double x) { return Sigmoid(x) * Sigmoid(-x); }
inline double SiluGradient(double x) { return Sigmoid(x) + x * SigmoidGradient(x); }
inline double GeluGradient(double x) {
  const double density = std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::acos(-1.0));
  return 0.5 * std::erfc(-x / std::sqrt(2.0)) + x * density;
}
inline double ReluGradient(double x) { return x > 0.0 ? 1.0 : 0.0; }
inline double SoftplusGradient(double x) { return x <= 20.0 ? Sigmoid(x) : 1.0; }

inline double ActivationGradient(Activation activation, double x) {
  switch (activation) {
    case Activation::kSilu:
      return SiluGradient(x);
    case Activation::kGelu:
      return GeluGradient(x);
    case Activation::kSigmoid:
      return SigmoidGradient(x);
    case Activation::kRelu:
      return ReluGradient(x);
    case Activation::kIdentity:
      break;
  }
  return 1.0;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_ACTIVATION_GRADIENT_H_
