// Sums over the lanes of a warp, and the functions of a step, for the backward of the scan.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_MATH_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_MATH_CUDA_CUH_

#include "kernels/scan/selective_scan_cuda.cuh"

namespace localmamba::scan_cuda {

inline constexpr unsigned kAllLanes = 0xffffffffU;

// Adds up v over the lanes that differ in the bits kBit, kBit / 2, ... kLast. In the end each of
// these lanes has in front the sums of max(1, kCount / lanes) elements, in the order of the lanes.
template <int kBit, int kLast, int kCount, int kSize>
__device__ __forceinline__ void SumOverLanes(float (&v)[kSize]) {
  constexpr int kHalf = kCount > 1 ? kCount / 2 : 1;
  if constexpr (kCount == 1) {
    v[0] += __shfl_xor_sync(kAllLanes, v[0], kBit);
  } else {
    const bool upper = (threadIdx.x & kBit) != 0;
#pragma unroll
    for (int i = 0; i < kHalf; ++i) {
      const float other = __shfl_xor_sync(kAllLanes, upper ? v[i] : v[i + kHalf], kBit);
      v[i] = (upper ? v[i + kHalf] : v[i]) + other;
    }
  }
  if constexpr (kBit > kLast) SumOverLanes<kBit / 2, kLast, kHalf>(v);
}

// log(1 + exp(x)). With 16-bit operands to a relative 1e-5, which costs a quarter of the other.
template <bool kFast>
__device__ __forceinline__ float StepOf(float x) {
  if constexpr (!kFast) return Softplus(x);
  constexpr float kLn2 = 0.6931471805599453F;
  const float power = Exp2(x * kLog2e);
  float log2;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(log2) : "f"(1.0F + power));
  const float series = power * fmaf(power, fmaf(power, 0.33333333F, -0.5F), 1.0F);
  return x > 20.0F ? x : power < 0x1p-6F ? series : log2 * kLn2;
}

// The derivative of softplus by its argument, from its value: 1 - exp(-step).
template <bool kFast>
__device__ __forceinline__ float SlopeOf(float step) {
  if constexpr (!kFast) return -expm1f(-step);
  const float series = step * fmaf(step, fmaf(step, 0.16666667F, -0.5F), 1.0F);
  return step < 0x1p-5F ? series : 1.0F - Exp2(step * -kLog2e);
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_MATH_CUDA_CUH_
