// Derivatives of the activations in float32 on a CUDA device.
#ifndef LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_GRADIENT_CUH_
#define LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_GRADIENT_CUH_

#include "kernels/elementwise/activation.cuh"

namespace localmamba::cuda {

__device__ __forceinline__ float SigmoidGradient(float x) { return Sigmoid(x) * Sigmoid(-x); }
__device__ __forceinline__ float SiluGradient(float x) {
  const float s = Sigmoid(x);
  return s + x * s * (1.0F - s);
}
__device__ __forceinline__ float GeluGradient(float x) {
  const float density = 0.3989422804F * __expf(-0.5F * x * x);  // 1 / sqrt(2 pi)
  return 0.5F * erfcf(x * -0.70710678118654752F) + x * density;
}
__device__ __forceinline__ float ReluGradient(float x) { return x > 0.0F ? 1.0F : 0.0F; }

template <Activation kActivation>
__device__ __forceinline__ float ActivationGradient(float x) {
  if constexpr (kActivation == Activation::kSilu) return SiluGradient(x);
  if constexpr (kActivation == Activation::kGelu) return GeluGradient(x);
  if constexpr (kActivation == Activation::kSigmoid) return SigmoidGradient(x);
  if constexpr (kActivation == Activation::kRelu) return ReluGradient(x);
  return 1.0F;
}

// The branch is the same for all threads.
__device__ __forceinline__ float ActivationGradient(Activation activation, float x) {
  switch (activation) {
    case Activation::kIdentity:
      break;
    case Activation::kSilu:
      return SiluGradient(x);
    case Activation::kGelu:
      return GeluGradient(x);
    case Activation::kSigmoid:
      return SigmoidGradient(x);
    case Activation::kRelu:
      return ReluGradient(x);
  }
  return 1.0F;
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_ELEMENTWISE_ACTIVATION_GRADIENT_CUH_
