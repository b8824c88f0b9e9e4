// Loads and stores of several neighbouring elements at once, as float32.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_VECTOR_CUH_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_VECTOR_CUH_

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <type_traits>

namespace localmamba::cuda {

// Elements a thread usually takes at a time: 16 bytes of a 16-bit type.
inline constexpr int kVectorWidth = 8;

// N elements as they are stored, moved with accesses of up to 16 bytes. In words of 32 bits,
// because the compiler takes apart and puts together anything smaller.
template <class T, int N>
struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Vector {
  static_assert(sizeof(T) * N % 4 == 0);
  uint32_t words[sizeof(T) * N / 4];
};

__device__ __forceinline__ float ToFloat(float x) { return x; }
__device__ __forceinline__ float ToFloat(__half x) { return __half2float(x); }
__device__ __forceinline__ float ToFloat(__nv_bfloat16 x) { return __bfloat162float(x); }

template <class T>
__device__ __forceinline__ T FromFloat(float x) {
  if constexpr (sizeof(T) == 4)
    return x;
  else if constexpr (std::is_same_v<T, __half>)
    return __float2half_rn(x);
  else
    return __float2bfloat16_rn(x);
}

template <class T, int N>
__device__ __forceinline__ void ToFloats(const Vector<T, N>& vector, float (&values)[N]) {
  if constexpr (sizeof(T) == 4) {
#pragma unroll
    for (int i = 0; i < N; ++i) values[i] = __uint_as_float(vector.words[i]);
  } else {
#pragma unroll
    for (int i = 0; i < N; i += 2) {
      const uint32_t word = vector.words[i / 2];
      if constexpr (std::is_same_v<T, __half>) {
        const float2 pair = __half22float2(reinterpret_cast<const __half2&>(word));
        values[i] = pair.x;
        values[i + 1] = pair.y;
      } else {  // the upper half of a float32
        values[i] = __uint_as_float(word << 16);
        values[i + 1] = __uint_as_float(word & 0xffff0000U);
      }
    }
  }
}

template <class T, int N>
__device__ __forceinline__ Vector<T, N> FromFloats(const float (&values)[N]) {
  Vector<T, N> vector;
  if constexpr (sizeof(T) == 4) {
#pragma unroll
    for (int i = 0; i < N; ++i) vector.words[i] = __float_as_uint(values[i]);
  } else {
#pragma unroll
    for (int i = 0; i < N; i += 2) {
      if constexpr (std::is_same_v<T, __half>) {
        const __half2 pair = __floats2half2_rn(values[i], values[i + 1]);
        vector.words[i / 2] = reinterpret_cast<const uint32_t&>(pair);
      } else {
        const __nv_bfloat162 pair = __floats2bfloat162_rn(values[i], values[i + 1]);
        vector.words[i / 2] = reinterpret_cast<const uint32_t&>(pair);
      }
    }
  }
  return vector;
}

// The N elements at an address that suits Vector<T, N>.
template <int N, class T>
__device__ __forceinline__ void LoadVector(const T* source, float (&values)[N]) {
  ToFloats(*reinterpret_cast<const Vector<T, N>*>(source), values);
}

template <int N, class T>
__device__ __forceinline__ void StoreVector(const float (&values)[N], T* destination) {
  *reinterpret_cast<Vector<T, N>*>(destination) = FromFloats<T>(values);
}

// The first `count` elements at `source`, then zeros, as they are stored. With kAligned, `count` is
// 0 or less or N or more and the address suits Vector<T, N>.
template <bool kAligned, int N, class T>
__device__ __forceinline__ Vector<T, N> LoadStoredUpTo(const T* source, int64_t count) {
  Vector<T, N> vector = {};
  if constexpr (kAligned) {
    if (count >= N) vector = *reinterpret_cast<const Vector<T, N>*>(source);
  } else {
    T* values = reinterpret_cast<T*>(vector.words);
#pragma unroll
    for (int i = 0; i < N; ++i) {
      if (i < count) values[i] = source[i];
    }
  }
  return vector;
}

// The same as float32. Converted outside the branch, so that several loads are under way before the
// first is used.
template <bool kAligned, int N, class T>
__device__ __forceinline__ void LoadUpTo(const T* source, int64_t count, float (&values)[N]) {
  ToFloats(LoadStoredUpTo<kAligned, N>(source, count), values);
}

template <bool kAligned, int N, class T>
__device__ __forceinline__ void StoreUpTo(const float (&values)[N], int64_t count, T* destination) {
  if constexpr (kAligned) {
    if (count >= N) StoreVector(values, destination);
  } else {
#pragma unroll
    for (int i = 0; i < N; ++i) {
      if (i < count) destination[i] = FromFloat<T>(values[i]);
    }
  }
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_VECTOR_CUH_
