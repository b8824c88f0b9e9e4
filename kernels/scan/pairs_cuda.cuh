// What the tiled scan is made of: asynchronous copies to shared memory, tensor-core products, fast
// functions, and 16-bit elements one or two at a time.
#ifndef LOCALMAMBA_KERNELS_SCAN_PAIRS_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_PAIRS_CUDA_CUH_

#include "kernels/scan/selective_scan_cuda.cuh"

namespace localmamba::scan_cuda {

inline __device__ uint32_t SharedAddress(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}
// Copies kBytes (4 or 16), or fills with zeros if !valid.
template <int kBytes>
__device__ void CopyAsync(void* shared, const void* global, bool valid) {
  const int source_bytes = valid ? kBytes : 0;
  if constexpr (kBytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(SharedAddress(shared)),
                 "l"(global), "r"(source_bytes));
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(SharedAddress(shared)),
                 "l"(global), "r"(source_bytes));
  }
}
inline __device__ void CommitCopies() { asm volatile("cp.async.commit_group;"); }
inline __device__ void WaitForCopies() { asm volatile("cp.async.wait_group 0;"); }

// d += a(16x16) * b(16x8), float32 sums.
template <class T>
__device__ void MatrixMultiplyAdd(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
template <>
inline __device__ void MatrixMultiplyAdd<__half>(float (&d)[4], const uint32_t (&a)[4],
                                                 const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
template <>
inline __device__ void MatrixMultiplyAdd<__nv_bfloat16>(float (&d)[4], const uint32_t (&a)[4],
                                                        const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

inline __device__ float Log2(float x) {
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// log2(1 + 2^x), the softplus of steps in units of log2(e), to the accuracy of 16-bit results; x
// itself above 20 log2(e). Without branches.
inline __device__ float Softplus2(float x) {
  const float soft = Log2(1.0F + Exp2(x));
  return x > 20.0F * kLog2e ? x : soft;
}

inline __device__ float FastSilu(float x) { return __fdividef(x, 1.0F + Exp2(-x * kLog2e)); }

template <class T>
__device__ float2 UnpackPair(uint32_t word);
template <>
inline __device__ float2 UnpackPair<__half>(uint32_t word) {
  return __half22float2(*reinterpret_cast<const __half2*>(&word));
}
template <>
inline __device__ float2 UnpackPair<__nv_bfloat16>(uint32_t word) {
  return __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(&word));
}
template <class T>
__device__ uint32_t PackPair(float x, float y);
template <>
inline __device__ uint32_t PackPair<__half>(float x, float y) {
  const __half2 pair = __floats2half2_rn(x, y);
  return *reinterpret_cast<const uint32_t*>(&pair);
}
template <>
inline __device__ uint32_t PackPair<__nv_bfloat16>(float x, float y) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(x, y);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

// The channels of a thread at one position, as they lie in memory.
template <class T, int kChannels>
struct Pack;
template <class T>
struct Pack<T, 1> {
  using Bits = uint16_t;
  static __device__ void Unpack(Bits bits, float (&out)[1]) {
    out[0] = ToFloat(*reinterpret_cast<const T*>(&bits));
  }
  static __device__ Bits Make(const float (&in)[1]) {
    const T value = FromFloat<T>(in[0]);
    return *reinterpret_cast<const Bits*>(&value);
  }
};
template <class T>
struct Pack<T, 2> {
  using Bits = uint32_t;
  static __device__ void Unpack(Bits bits, float (&out)[2]) {
    const float2 pair = UnpackPair<T>(bits);
    out[0] = pair.x;
    out[1] = pair.y;
  }
  static __device__ Bits Make(const float (&in)[2]) { return PackPair<T>(in[0], in[1]); }
};

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_PAIRS_CUDA_CUH_
