// The functions applied element by element, alone (unary.h) or at the end of another operation.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_H_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_H_

#include <cstdint>

namespace localmamba {

enum class Activation : uint8_t {
  kIdentity,
  kSilu,     // x * sigmoid(x)
  kGelu,     // 0.5 * x * (1 + erf(x / sqrt 2)), the exact form
  kSigmoid,  // 1 / (1 + exp(-x))
  kRelu,     // max(x, 0)
};

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_H_
