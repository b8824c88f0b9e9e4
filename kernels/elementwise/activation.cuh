// The activations in float32 on a CUDA device.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_CUH_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_CUH_

#include "kernels/elementwise/activation.h"

namespace localmamba::cuda {

// The special-function unit's 1 / (1 + 2^(-x log2 e)), good to a few units in the last place.
// Results below 2^-126 are 0: keeping them would cost as much as the rest of the function.
__device__ __forceinline__ float Sigmoid(float x) {
  float power;
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x * -1.4426950408889634F));
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(1.0F + power));
  return result;
}
__device__ __forceinline__ float Silu(float x) { return x * Sigmoid(x); }
__device__ __forceinline__ float Gelu(float x) {
  return 0.5F * x * erfcf(x * -0.70710678118654752F);  // 1 + erf would cancel for x < 0
}
__device__ __forceinline__ float Relu(float x) { return fmaxf(x, 0.0F); }

template <Activation kActivation, int N>
__device__ __forceinline__ void Activate(float (&values)[N]) {
#pragma unroll
  for (int i = 0; i < N; ++i) {
    if constexpr (kActivation == Activation::kSilu) values[i] = Silu(values[i]);
    if constexpr (kActivation == Activation::kGelu) values[i] = Gelu(values[i]);
    if constexpr (kActivation == Activation::kSigmoid) values[i] = Sigmoid(values[i]);
    if constexpr (kActivation == Activation::kRelu) values[i] = Relu(values[i]);
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
    case Activation::kRelu:
      return Activate<Activation::kRelu>(values);
  }
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_CUH_
