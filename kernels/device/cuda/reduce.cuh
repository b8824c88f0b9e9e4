// Sums and maxima over the threads of a group. Every thread gets the result; the order of the
// additions is fixed.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_REDUCE_CUH_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_REDUCE_CUH_

namespace localmamba::cuda {

// Over kLanes neighbouring threads, a power of two up to 32. All threads of the warp take part.
template <int kLanes, class T, class Combine>
__device__ __forceinline__ T ReduceLanes(T value, Combine combine) {
#pragma unroll
  for (int offset = kLanes / 2; offset > 0; offset /= 2) {
    value = combine(value, __shfl_xor_sync(0xffffffffU, value, offset));
  }
  return value;
}

// Over a block of kThreads, a multiple of 32 up to 1024. All threads of the block take part.
template <int kThreads, class T, class Combine>
__device__ __forceinline__ T ReduceBlock(T value, Combine combine) {
  constexpr int kWarps = kThreads / 32;
  __shared__ T of_warp[kWarps];
  value = ReduceLanes<32>(value, combine);
  __syncthreads();  // the previous reduction has been read
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  value = of_warp[0];
#pragma unroll
  for (int i = 1; i < kWarps; ++i) value = combine(value, of_warp[i]);
  return value;
}

struct Plus {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Maximum {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_REDUCE_CUH_
