// The activations in float32 on a CUDA device.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_CUH_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_CUH_

#include "kernels/elementwise/activation.h"

namespace localmamba::cuda {

// __expf and __fdividef are good to a few units in the last place here: their arguments' ranges
// where they are not (e^x overflows, or the quotient is below 2^-126) give the limits 0 or x.
__device__ __forceinline__ float Sigmoid(float x) { return __fdividef(1.0F, 1.0F + __expf(-x)); }
__device__ __forceinline__ float Silu(float x) { return __fdividef(x, 1.0F + __expf(-x)); }
__device__ __forceinline__ float Gelu(float x) {
  return 0.5F * x * erfcf(x * -0.70710678118654752F);  // 1 + erf would cancel for x < 0
}

template <Activation kActivation, int N>
__device__ __forceinline__ void Activate(float (&values)[N]) {
#pragma unroll
  for (int i = 0; i < N; ++i) {
    if constexpr (kActivation == Activation::kSilu) values[i] = Silu(values[i]);
    if constexpr (kActivation == Activation::kGelu) values[i] = Gelu(values[i]);
    if constexpr (kActivation == Activation::kSigmoid) values[i] = Sigmoid(values[i]);
  }
}

// The branch is the same for all threads.
template <int N>
__device__ __forceinline__ void Activate(Activation activation, float (&values)[N]) {
  switch (activation) {
    case Activation::kIdentity:
      break;
    case Activation::kSilu:
      return Activate<Activation::kSilu>(values);
    case Activation::kGelu:
      return Activate<Activation::kGelu>(values);
    case Activation::kSigmoid:
      return Activate<Activation::kSigmoid>(values);
  }
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_CUH_
