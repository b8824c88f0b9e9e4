// The smallest of many keys, found and put in order by one block.
//
// Selection reads the keys once for every 11 bits that it has to see before the wanted ones are
// told from the others, counting them by digit, and once more to collect them: for the best
// thousand of hundreds of thousands far less than sorting them all. Keys are distinct, so neither
// the order of the threads nor that of atomic additions shows in the result.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_SELECT_CUH_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_SELECT_CUH_

#include <cstdint>

namespace localmamba::cuda {

// Keys that order elements by descending value, NaN last, and equal ones by ascending index.
__device__ __forceinline__ uint64_t DescendingKey(float value, int index) {
  uint32_t bits = __float_as_uint(value == 0.0F ? 0.0F : value);  // -0 equals 0
  bits = (bits & 0x80000000U) != 0 ? bits : ~bits & 0x7fffffffU;
  if (isnan(value)) bits = 0xffffffffU;
  return uint64_t{bits} << 32 | static_cast<uint32_t>(index);
}

__device__ __forceinline__ int IndexOf(uint64_t key) { return static_cast<int>(key & 0xffffffffU); }

// Shared memory of SelectSmallest. With several copies of the counts, threads of a warp that see
// the same digit disturb each other less.
template <int kCopies>
struct SelectScratch {
  static constexpr int kDigitBits = 11;
  static constexpr int kDigits = 1 << kDigitBits;

  int counts[kDigits][kCopies];
  int of_warp[32];
  uint64_t prefix;  // digits of the bound so far
  int wanted;       // of the keys with that prefix
  int found;        // keys with that prefix
};

// Sets scratch's prefix, wanted and found to the digit at which the wanted one of the counted keys
// lies. Every thread has two digits.
template <int kThreads, int kCopies>
__device__ void ChooseDigit(SelectScratch<kCopies>& scratch) {
  using Scratch = SelectScratch<kCopies>;
  constexpr int kPerThread = Scratch::kDigits / kThreads;
  static_assert(kPerThread * kThreads == Scratch::kDigits);
  const auto thread = static_cast<int>(threadIdx.x);
  int counts[kPerThread];
  int sum = 0;
#pragma unroll
  for (int i = 0; i < kPerThread; ++i) {
    counts[i] = 0;
#pragma unroll
    for (int copy = 0; copy < kCopies; ++copy) {
      counts[i] += scratch.counts[thread * kPerThread + i][copy];
    }
    sum += counts[i];
  }
  int before = sum;  // becomes the number of keys with smaller digits than this thread's
#pragma unroll
  for (int offset = 1; offset < 32; offset *= 2) {
    const int other = __shfl_up_sync(0xffffffffU, before, offset);
    if (thread % 32 >= offset) before += other;
  }
  if (thread % 32 == 31) scratch.of_warp[thread / 32] = before;
  __syncthreads();
  before -= sum;
  for (int warp = 0; warp < thread / 32; ++warp) before += scratch.of_warp[warp];
  const int wanted = scratch.wanted;
  const uint64_t prefix = scratch.prefix;
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kPerThread; ++i) {
    if (before < wanted && wanted <= before + counts[i]) {
      scratch.prefix =
          prefix << Scratch::kDigitBits | static_cast<uint64_t>(thread * kPerThread + i);
      scratch.wanted = wanted - before;
      scratch.found = counts[i];
    }
    before += counts[i];
  }
  __syncthreads();
}

// A bound such that exactly `wanted` of the keys key_at(0), ..., key_at(count - 1) lie in
// [first, bound], at least 1 and at most as many as lie above it. All kThreads threads of the block
// take part and get the bound.
template <int kThreads, int kCopies, class KeyAt>
__device__ uint64_t SelectSmallest(KeyAt key_at, int count, uint64_t first, int wanted,
                                   SelectScratch<kCopies>& scratch) {
  using Scratch = SelectScratch<kCopies>;
  const auto thread = static_cast<int>(threadIdx.x);
  __syncthreads();  // the scratch of the last call has been read
  if (thread == 0) {
    scratch.prefix = 0;
    scratch.wanted = wanted;
  }
  // 66 bits: two digits of zeros in front are none.
  for (int shift = 55;; shift -= Scratch::kDigitBits) {
    for (int i = thread; i < Scratch::kDigits * kCopies; i += kThreads) {
      (&scratch.counts[0][0])[i] = 0;
    }
    __syncthreads();
    const uint64_t prefix = scratch.prefix;
#pragma unroll 4
    for (int i = thread; i < count; i += kThreads) {
      const uint64_t key = key_at(i);
      const bool counts = key >= first && (shift == 55 || key >> (shift + 11) == prefix);
      if (counts) {
        atomicAdd(&scratch.counts[key >> shift & (Scratch::kDigits - 1)][thread % kCopies], 1);
      }
    }
    __syncthreads();
    ChooseDigit<kThreads>(scratch);
    if (shift == 0 || scratch.found == scratch.wanted) {
      return (scratch.prefix + 1 << shift) - 1;
    }
  }
}

// Puts `count` keys in shared memory, a power of two, in ascending order.
template <int kThreads>
__device__ void SortKeys(uint64_t* keys, int count) {
  for (int run = 2; run <= count; run *= 2) {
    for (int distance = run / 2; distance > 0; distance /= 2) {
      __syncthreads();
      for (int i = static_cast<int>(threadIdx.x); i < count / 2; i += kThreads) {
        const int a = 2 * i - (i & (distance - 1));
        const int b = a + distance;
        const bool ascending = (a & run) == 0;
        const uint64_t key_a = keys[a];
        const uint64_t key_b = keys[b];
        if ((key_a > key_b) == ascending) {
          keys[a] = key_b;
          keys[b] = key_a;
        }
      }
    }
  }
  __syncthreads();
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_SELECT_CUH_
