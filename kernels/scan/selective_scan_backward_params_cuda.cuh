// What the kernels of the scan's backward are given, and how a block's shared memory is laid out.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_PARAMS_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_PARAMS_CUDA_CUH_

#include <cstdint>

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

// Rows of tokens, for each batch entry.
template <class T>
struct Tokens {
  T* data;  // or null
  int64_t batch_stride;
  int64_t row_stride;

  __device__ T* Row(int64_t b, int64_t row) const {
    return data + b * batch_stride + row * row_stride;
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
  // (sequence, tile, rows, 2, dstate): dB and dC of the tile's channels. Unused if there is one.
  float* token_sums;
  float* channel_sums;  // (sequence, dim, dstate + 2): dA, dD, ddelta_bias
};

// Where the parts of a block's shared memory begin, in bytes.
template <class T, int kStates>
struct BackwardLayout {
  static constexpr int kRow = 4 * kStates;  // states of a position, those beyond dstate too
  int channels;                             // of the block
  int step, dout, bc, sums, delta, u, weight, end;

  __host__ __device__ BackwardLayout(int warps, int rank) {
    constexpr int kFloat = sizeof(float);
    constexpr int kElement = sizeof(T);
    channels = warps * kQuadsChannels<kStates>;
    step = 0;                                                   // [chunk][channels]: Delta
    dout = step + kBackwardChunk * channels * kFloat;           // [chunk][channels]
    bc = dout + kBackwardChunk * channels * kFloat;             // [chunk][2][kRow]
    sums = bc + kBackwardChunk * 2 * kRow * kFloat;             // [warps], of each SumIndex
    delta = sums + warps * kBackwardChunk * 2 * kRow * kFloat;  // [rank][chunk]
    u = delta + rank * kBackwardChunk * kFloat;                 // [chunk][channels]
    weight = u + kBackwardChunk * channels * kElement;          // [rank][channels]
    end = weight + rank * channels * kElement;
  }

  // Where a warp's sum for dB (which = 0) or dC (1) of a position of the chunk is. The sums of two
  // positions, which a warp writes together, lie side by side: no bank conflicts.
  static __device__ int SumIndex(int t, int which, int n) {
    return ((t / 2 * 2 + which) * 2 + t % 2) * kRow + n;
  }
};

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_PARAMS_CUDA_CUH_
