// The activations of kernels/elementwise/activation.h in double precision.
#ifndef LOCALMAMBA_TESTS_REFERENCE_ACTIVATION_H_
#define LOCALMAMBA_TESTS_REFERENCE_ACTIVATION_H_

#include <cmath>

#include "kernels/elementwise/activation.h"

namespace localmamba::reference {

inline double Sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
inline double Silu(double x) { return x * Sigmoid(x); }
// 1 + erf(x / sqrt 2) as erfc, which keeps its relative accuracy for negative x.
inline double Gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
inline double Relu(double x) { return x > 0.0 ? x : 0.0; }
inline double Softplus(double x) { return x <= 20.0 ? std::log1p(std::exp(x)) : x; }

inline double Activate(Activation activation, double x) {
  switch (activation) {
    case Activation::kSilu:
      return Silu(x);
    case Activation::kGelu:
      return Gelu(x);
    case Activation::kSigmoid:
      return Sigmoid(x);
    case Activation::kRelu:
      return Relu(x);
    case Activation::kIdentity:
      break;
  }
  return x;
}

}  // namespace localmamba::reference

#endif  // LOCALMAMBA_TESTS_REFERENCE_ACTIVATION_H_
