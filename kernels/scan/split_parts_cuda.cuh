// What the split kernel of the scan (selective_scan_split_cuda.cuh) is made of: who does what in a
// block, and the steps of a tile.
#ifndef LOCALMAMBA_KERNELS_SCAN_SPLIT_PARTS_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SPLIT_PARTS_CUDA_CUH_

#include "kernels/scan/tile_parts_cuda.cuh"

namespace localmamba::scan_cuda {

inline constexpr int kSplitWarps = 4;   // of a block
inline constexpr int kSplitBlocks = 4;  // on a multiprocessor

template <int kLanes>
struct Split {
  static constexpr int kStates = kTileStates / kLanes;         // of a thread
  static constexpr int kChannels = kSplitWarps * 32 / kLanes;  // of a block
  static constexpr int kRows = kLanes == 16 ? 64 : 32;         // positions of a tile
  static constexpr int kPitch = kRows + 4;                     // no bank conflicts
  static constexpr int kRowBlocks = kRows / 16;                // a product has 16 positions
  static constexpr int kProducts = kRowBlocks * (kChannels / 8) / kSplitWarps;  // a warp and tile

  // Byte offsets in shared memory.
  int rank_padded;   // multiple of 16
  int weight_pitch;  // elements between rows of delta_weight
  int row_elements;  // of a projection row: rank + 2 * 16
  int steps, inputs, outputs, bc, maps, weight, rows, end;

  __host__ __device__ explicit Split(int rank) {
    rank_padded = (rank + 15) / 16 * 16;
    weight_pitch = rank_padded + 8;
    row_elements = rank + 2 * kTileStates;
    steps = 0;
    inputs = steps + kChannels * kPitch * 4;
    outputs = inputs + kChannels * kPitch * 4;
    bc = outputs + kChannels * kPitch * 4;
    maps = bc + 2 * kTileStates * kPitch * 4;
    weight = maps + 3 * kTileMaps * kRows * 4;
    rows = weight + kChannels * weight_pitch * 2;
    end = rows + 2 * kRows * row_elements * 2;
  }
};

// Which channel of the block and which states (`state` and every kLanes-th after it) a thread has
// in the recurrence. A warp's loads of 16 bytes a lane take two passes instead of four if lanes i
// and i ^ 1, or i and i ^ 2, all have the same addresses: bit 0 of the lane is one of the channel,
// for B and C, and bit 1 one of the state, for steps and inputs.
template <int kLanes>
struct RecurrencePart {
  int channel, state;
  __device__ RecurrencePart() {
    const int thread = static_cast<int>(threadIdx.x);
    channel = thread / (2 * kLanes) * 2 + thread % 2;
    state = thread / 2 % kLanes;
  }
};

// Adds the sums of the kLanes threads that share a channel, for kLanes positions. The thread with
// state i gets position i, in sums[0].
template <int kLanes, int kGroup>
__device__ __forceinline__ void AddAcrossLanes(float (&sums)[kGroup]) {
  if constexpr (kLanes > 1) {
    constexpr int kHalf = kLanes / 2;
    const bool upper = (threadIdx.x & kLanes) != 0;
#pragma unroll
    for (int i = 0; i < kHalf; ++i) {
      const float give = upper ? sums[i] : sums[i + kHalf];
      const float keep = upper ? sums[i + kHalf] : sums[i];
      sums[i] = keep + __shfl_xor_sync(0xffffffffU, give, kLanes);
    }
    AddAcrossLanes<kHalf>(sums);
  }
}

// The positions and channels of the product `index` of a warp: a thread has rows `row` and row + 8
// of the tile and channels `channel` and channel + 1 of the block.
template <int kLanes>
struct ProductPart {
  int row, channel;
  __device__ explicit ProductPart(int index) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int product = static_cast<int>(threadIdx.x) / 32 + index * kSplitWarps;
    row = product % Split<kLanes>::kRowBlocks * 16 + lane / 4;
    channel = product / Split<kLanes>::kRowBlocks * 8 + lane % 4 * 2;
  }
};

// Starts the copies of the projection rows of a tile; rows of padding positions are filled with
// zeros.
template <class T, int kLanes>
__device__ __forceinline__ void LoadRows(const Split<kLanes>& layout, const T* projection,
                                         int row_stride, const int32_t* read, T* rows) {
  const int thread = static_cast<int>(threadIdx.x);
  constexpr int kStep = kSplitWarps * 32 / 8;
#pragma unroll 1
  for (int element = thread % 8 * 8; element < layout.row_elements; element += 64) {
#pragma unroll
    for (int t = 0; t < Split<kLanes>::kRows; t += kStep) {
      const int row = read[t + thread / 8];
      CopyAsync<16>(rows + (t + thread / 8) * layout.row_elements + element,
                    projection + static_cast<int64_t>(max(row, 0)) * row_stride + element,
                    row >= 0);
    }
  }
}

// B and C of 8 rows of a warp: float32, positions side by side.
template <class T, int kLanes>
__device__ __forceinline__ void TurnBc(const Split<kLanes>& layout, const T* rows, int rank,
                                       float* bc) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
  for (int block = 0; block < Split<kLanes>::kRows / (8 * kSplitWarps); ++block) {
    const int row = (block * kSplitWarps + static_cast<int>(threadIdx.x) / 32) * 8;
    uint32_t parts[4];
    LoadMatrices<true>(rows + (row + lane % 8) * layout.row_elements + rank + lane / 8 * 8, parts);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      *reinterpret_cast<float2*>(bc + (i * 8 + lane / 4) * Split<kLanes>::kPitch + row +
                                 lane % 4 * 2) = UnpackPair<T>(parts[i]);
    }
  }
}

// Step sizes before bias and softplus: of rows row and row + 8, channels channel and channel + 1.
template <class T, int kLanes>
__device__ __forceinline__ void MultiplySteps(const Split<kLanes>& layout, const T* rows,
                                              const T* weight, int index, float (&sums)[4]) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const ProductPart<kLanes> part(index);
  const T* const row =
      rows + (part.row - lane / 4 + lane % 16) * layout.row_elements + lane / 16 * 8;
  const T* const column =
      weight + (part.channel - lane % 4 * 2 + lane % 8) * layout.weight_pitch + lane / 8 % 2 * 8;
#pragma unroll 1
  for (int k = 0; k < layout.rank_padded; k += 16) {
    uint32_t a[4];
    uint32_t w[2];
    LoadMatrices<false>(row + k, a);
    LoadMatrices(column + k, w);
    MatrixMultiplyAdd<T>(sums, a, w);
  }
}

// The recurrence over the first `count` positions of a tile. `delta_sum` grows by the steps.
template <int kLanes, bool kOutputs>
__device__ __forceinline__ void Recur(const float* steps, const float* inputs, const float* bc,
                                      int count, const float (&A)[Split<kLanes>::kStates],
                                      float (&h)[Split<kLanes>::kStates], float& delta_sum,
                                      float* outputs) {
  using Shape = Split<kLanes>;
  constexpr int kPitch = Shape::kPitch;
  const RecurrencePart<kLanes> part;
  const int own = part.channel * kPitch;
  // Sums are stored one group late: after the loads of the next, which then need not wait for them.
  float kept = 0.0F;
  float* const kept_output = outputs + own + part.state - kLanes;
  const auto group = [&](int first) {
    float sums[kLanes];
#pragma unroll
    for (int q = 0; q < kLanes; q += 4) {
      const int t = first + q;
      const float4 step4 = *reinterpret_cast<const float4*>(steps + own + t);
      const float4 input4 = *reinterpret_cast<const float4*>(inputs + own + t);
      const float step[4] = {step4.x, step4.y, step4.z, step4.w};
      const float input[4] = {input4.x, input4.y, input4.z, input4.w};
#pragma unroll
      for (int j = 0; j < Shape::kStates; ++j) {
        const float* const row = bc + (part.state + j * kLanes) * kPitch + t;
        const float4 b4 = *reinterpret_cast<const float4*>(row);
        const float bn[4] = {b4.x, b4.y, b4.z, b4.w};
        float cn[4] = {};
        if constexpr (kOutputs) {
          const float4 c4 = *reinterpret_cast<const float4*>(row + kTileStates * kPitch);
          cn[0] = c4.x, cn[1] = c4.y, cn[2] = c4.z, cn[3] = c4.w;
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          h[j] = fmaf(Exp2(step[i] * A[j]), h[j], input[i] * bn[i]);
          if constexpr (kOutputs) {
            sums[q + i] = j == 0 ? cn[i] * h[j] : fmaf(cn[i], h[j], sums[q + i]);
          }
        }
      }
      delta_sum += (step[0] + step[1]) + (step[2] + step[3]);
    }
    if constexpr (kOutputs) {
      if (first > 0) kept_output[first] = kept;
      AddAcrossLanes<kLanes>(sums);
      kept = sums[0];
    }
  };
  constexpr int kUnroll = kLanes == 16 ? 1 : 2;
  int first = 0;
#pragma unroll 1
  for (; first < count; first += kLanes * kUnroll) {
#pragma unroll
    for (int g = 0; g < kUnroll; ++g) group(first + g * kLanes);
  }
  if constexpr (kOutputs) kept_output[first] = kept;
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SPLIT_PARTS_CUDA_CUH_
