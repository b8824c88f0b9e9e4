// What the kernels of the scan's backward are given, and how a block's shared memory is laid out.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_PARAMS_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_PARAMS_CUDA_CUH_

#include <cstdint>
#include <type_traits>

#include "kernels/scan/scan_order.h"

namespace localmamba::scan_cuda {

inline constexpr int kBackwardChunk = 32;  // positions; a lane each where index maps are loaded
inline constexpr int kBackwardGroup = 4;   // positions whose states are in registers
inline constexpr int kLanePairs = 16;      // of channel and state
inline constexpr int kMaxBackwardWarps = 6;
// A lane has kStates states of so many neighbouring channels.
template <int kStates>
inline constexpr int kLaneChannels = kLanePairs / kStates;
template <int kStates>
inline constexpr int kQuadsChannels = 8 * kLaneChannels<kStates>;  // of a warp

// One channel of the rows of one batch entry.
template <class T>
struct ChannelRows {
  T* base;
  int32_t row_bytes;

  __device__ __forceinline__ T& operator[](int row) const {
    int64_t offset;  // in one instruction; the compiler multiplies 64 bits, which takes nine
    asm("mul.wide.s32 %0, %1, %2;" : "=l"(offset) : "r"(row), "r"(row_bytes));
    using Byte = std::conditional_t<std::is_const_v<T>, const char, char>;
    return *reinterpret_cast<T*>(reinterpret_cast<Byte*>(base) + offset);
  }
};

// Rows of tokens, for each batch entry.
template <class T>
struct Tokens {
  T* data;  // or null
  int64_t batch_stride;
  int32_t row_bytes;

  __device__ __forceinline__ ChannelRows<T> Channel(int b, int channel) const {
    return {data + b * batch_stride + channel, row_bytes};
  }
};

template <class T>
struct BackwardDirection {
  Tokens<const T> u, delta, B, C, dy;
  Tokens<const T> z;    // or null
  const int32_t* read;  // or null: identity, as the other maps
  const int32_t* z_read;
  const int32_t* write;
  const T* delta_weight;    // or null
  const float* delta_bias;  // or null
  const float* A;
  const float* D;                   // or null
  Tokens<T> du, dstep, dB, dC, dz;  // each or null
  float* dA;                        // or null, as the next two
  float* dD;
  float* ddelta_bias;
  int64_t weight_row, a_row, da_row;
  int32_t length;  // Ls
  int32_t rows;    // T

  // The row that `map` has for position t, -1 past the end.
  __device__ int At(const int32_t* map, int t) const {
    return t >= length ? -1 : map == nullptr ? t : map[t];
  }
};

// A sequence is a direction and a batch entry, in this order.
template <class T>
struct BackwardParams {
  BackwardDirection<T> directions[kMaxScanDirections];
  int32_t direction_count;
  int32_t batch;
  int32_t dim;
  int32_t dstate;
  int32_t rank;  // columns of delta_weight; 0 without
  bool softplus;
  int32_t tiles;   // of channels, one a block
  int32_t chunks;  // of the longest sequence
  int32_t rows;    // T of the direction that has most
  // (sequence, chunk, dim, states of the kernel): states before each chunk but the first.
  float* starts;
  float* steps;  // (sequence, position of a whole number of chunks, dim): Delta
  // (sequence, tile, rows, 2, dstate): dB and dC of the tile's channels. Unused if there is one.
  float* token_sums;
  float* channel_sums;  // (sequence, dim, dstate + 2): dA, dD, ddelta_bias
};

// Floats of shared memory. Each warp has a part of its own, whose arrays lie at constant distances
// from each other; after the warps' come arrays of the block.
template <class T, int kStates>
struct BackwardLayout {
  static constexpr int kChannels = kQuadsChannels<kStates>;
  static constexpr int kRow = 4 * kStates;  // states of a position, those beyond dstate too

  // Of a warp: [chunk][kChannels] each
  static constexpr int kStep = 0;                                    // Delta
  static constexpr int kInput = kStep + kBackwardChunk * kChannels;  // Delta * u
  static constexpr int kDout = kInput + kBackwardChunk * kChannels;
  static constexpr int kSums = kDout + kBackwardChunk * kChannels;  // see SumIndex
  static constexpr int kWarp = kSums + kBackwardChunk * 2 * kRow;
  // delta_weight is needed while kDout and kSums are not. Larger ones stay in global memory.
  static constexpr int kWeight = kDout;  // [rank][kChannels] of T
  static constexpr int kMaxSharedRank =
      (kWarp - kWeight) * static_cast<int>(sizeof(float) / sizeof(T)) / kChannels;

  // Of the block:
  static constexpr int kStates2 = 2 * kRow;  // of B and C at one position: [chunk][2][kRow]
  static __host__ __device__ constexpr int Delta(int warps) {  // [rank][chunk]
    return warps * kWarp + kBackwardChunk * kStates2;
  }
  static __host__ __device__ constexpr int End(int warps, int rank) {
    return Delta(warps) + rank * kBackwardChunk;
  }

  // Where a warp's sum for dB (which = 0) or dC (1) of a position of the chunk is, from kSums on.
  // The sums of two positions, which a warp writes together, lie side by side: no bank conflicts.
  static __device__ int SumIndex(int t, int which, int n) {
    return ((t / 2 * 2 + which) * 2 + t % 2) * kRow + n;
  }
};

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_PARAMS_CUDA_CUH_
