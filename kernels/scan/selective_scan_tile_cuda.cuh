// The selective scan for 16-bit operands laid out as networks lay them out: 16 states, and delta, B
// and C side by side in the rows of one projection.
//
// A thread owns two channels, for which it loads B and C once, with all their states in registers
// and walks the sequence in tiles of 16 positions. What the plain kernel (selective_scan_cuda.cuh)
// does per position is done per tile here:
//   - projection rows and index maps arrive in shared memory by asynchronous copies while the tile
//     before is computed; u and z arrive in registers four positions ahead;
//   - the step sizes of 16 positions and a warp's channels come from tensor cores, with softplus;
//   - B and C are widened to float32 once per block.
// The inner loop is then 16 exponentials a channel. What was measured:
// docs/decisions/0003-cuda-scan.md.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_TILE_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_TILE_CUDA_CUH_

#include "kernels/scan/selective_scan_cuda.cuh"
#include "kernels/scan/tile_parts_cuda.cuh"

namespace localmamba::scan_cuda {

inline constexpr int kTileRows = 16;     // positions of a tile
inline constexpr int kTileChannels = 2;  // of a thread
inline constexpr int kWarpChannels = 32 * kTileChannels;
// Floats between rows of steps: no bank conflicts.
inline constexpr int kDeltaPitch = kWarpChannels + 8;
inline constexpr int kMaxTileWarps = 3;

// Bytes of shared memory, and where its parts begin.
struct TileLayout {
  int channels;                                  // of the block
  int rank_padded;                               // multiple of 16
  int weight_pitch;                              // elements between rows of delta_weight
  int row_elements;                              // of a projection row: rank + 2 * 16
  int weight, bias, delta, bc, maps, rows, end;  // byte offsets

  __host__ __device__ TileLayout(int warps, int rank) {
    channels = warps * kWarpChannels;
    rank_padded = (rank + 15) / 16 * 16;
    weight_pitch = rank_padded + 8;
    row_elements = rank + 2 * kTileStates;
    weight = 0;
    bias = weight + channels * weight_pitch * 2;
    delta = bias + channels * 4;
    bc = delta + warps * kTileRows * kDeltaPitch * 4;
    maps = bc + kTileRows * 2 * kTileStates * 4;
    rows = maps + 3 * kTileMaps * kTileRows * 4;
    end = rows + 2 * kTileRows * row_elements * 2;
  }
};

// Starts the copies of the projection rows of a tile; rows of padding positions are filled with
// zeros.
template <class T>
__device__ void LoadRows(const T* projection, int row_stride, int row_elements, const int32_t* read,
                         T* rows) {
  const int thread = static_cast<int>(threadIdx.x);
  const int step = static_cast<int>(blockDim.x) / 8;
#pragma unroll 1
  for (int t = thread / 8; t < kTileRows; t += step) {
    const int row = read[t];
    const T* const source = projection + static_cast<int64_t>(max(row, 0)) * row_stride;
#pragma unroll 1
    for (int element = thread % 8 * 8; element < row_elements; element += 64) {
      CopyAsync<16>(rows + t * row_elements + element, source + element, row >= 0);
    }
  }
}

// A thread's channels at four positions, zeros at padding.
template <class T>
__device__ void LoadFour(const T* x, int row_stride, const int32_t* map, bool valid,
                         uint32_t (&out)[4]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int row = map[i];
    out[i] =
        row >= 0 && valid
            ? __ldg(reinterpret_cast<const uint32_t*>(x + static_cast<int64_t>(row) * row_stride))
            : 0;
  }
}

// Step sizes, in units of log2(e), of the warp's channels at the tile's 16 positions, from the
// projection rows and delta_weight; bias is in these units too.
template <class T>
__device__ void ComputeSteps(const TileLayout& layout, const T* raw, const T* weight,
                             const float* bias, bool softplus, int count, float* delta) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int group = lane / 4;
  const int pair = lane % 4 * 2;
  const int warp_channel = static_cast<int>(threadIdx.x) / 32 * kWarpChannels;
  float sums[kWarpChannels / 8][4] = {};
  for (int k = 0; k < layout.rank_padded; k += 16) {
    const T* const row = raw + k + pair;
    uint32_t a[4];
    a[0] = *reinterpret_cast<const uint32_t*>(row + group * layout.row_elements);
    a[1] = *reinterpret_cast<const uint32_t*>(row + (group + 8) * layout.row_elements);
    a[2] = *reinterpret_cast<const uint32_t*>(row + group * layout.row_elements + 8);
    a[3] = *reinterpret_cast<const uint32_t*>(row + (group + 8) * layout.row_elements + 8);
#pragma unroll
    for (int n = 0; n < kWarpChannels / 8; ++n) {
      const T* const column =
          weight + (warp_channel + n * 8 + group) * layout.weight_pitch + k + pair;
      uint32_t w[2];
      w[0] = *reinterpret_cast<const uint32_t*>(column);
      w[1] = *reinterpret_cast<const uint32_t*>(column + 8);
      MatrixMultiplyAdd<T>(sums[n], a, w);
    }
  }
#pragma unroll
  for (int n = 0; n < kWarpChannels / 8; ++n) {
    const float2 shift = *reinterpret_cast<const float2*>(bias + warp_channel + n * 8 + pair);
    float2 low = {fmaf(sums[n][0], kLog2e, shift.x), fmaf(sums[n][1], kLog2e, shift.y)};
    float2 high = {fmaf(sums[n][2], kLog2e, shift.x), fmaf(sums[n][3], kLog2e, shift.y)};
    if (softplus) {
      low = {Softplus2(low.x), Softplus2(low.y)};
      high = {Softplus2(high.x), Softplus2(high.y)};
    }
    if (count < kTileRows) {  // positions past the end leave the state as it is
      if (group >= count) low = {0.0F, 0.0F};
      if (group + 8 >= count) high = {0.0F, 0.0F};
    }
    *reinterpret_cast<float2*>(delta + group * kDeltaPitch + n * 8 + pair) = low;
    *reinterpret_cast<float2*>(delta + (group + 8) * kDeltaPitch + n * 8 + pair) = high;
  }
}

// Grid: channel blocks * directions * batch; blocks of up to kMaxTileWarps warps.
template <class T, bool kHasZ>
__global__ void __launch_bounds__(kMaxTileWarps * 32, 5)
    SelectiveScanTileKernel(const __grid_constant__ Params<T> params) {
  extern __shared__ __align__(16) char tile_memory[];
  const int thread = static_cast<int>(threadIdx.x);
  const int threads = static_cast<int>(blockDim.x);
  const TileLayout layout(threads / 32, params.rank);
  const int channel_block = static_cast<int>(blockIdx.x) % params.channel_blocks;
  const int row_of_grid = static_cast<int>(blockIdx.x) / params.channel_blocks;
  const int k = row_of_grid / params.batch;
  const int b = row_of_grid % params.batch;
  const Direction<T>& direction = params.directions[k];
  const int end = direction.length;

  const int first_channel = channel_block * layout.channels;
  const int channel = first_channel + thread * kTileChannels;
  const bool valid = channel < params.dim;

  T* const weight = reinterpret_cast<T*>(tile_memory + layout.weight);
  float* const bias = reinterpret_cast<float*>(tile_memory + layout.bias);
  float* const delta =
      reinterpret_cast<float*>(tile_memory + layout.delta) + thread / 32 * kTileRows * kDeltaPitch;
  float* const bc = reinterpret_cast<float*>(tile_memory + layout.bc);
  int32_t* const maps = reinterpret_cast<int32_t*>(tile_memory + layout.maps);  // of three tiles
  T* const rows = reinterpret_cast<T*>(tile_memory + layout.rows);              // of two
  const int rows_size = kTileRows * layout.row_elements;
  constexpr int kMapsSize = kTileMaps * kTileRows;

  LoadMaps<kTileRows>(direction, 0, end, maps);
  LoadMaps<kTileRows>(direction, kTileRows, end, maps + kMapsSize);
  LoadWeight(direction, first_channel, layout.channels, params.dim, params.rank, layout.rank_padded,
             layout.weight_pitch, weight);
  CommitCopies();
  for (int c = thread; c < layout.channels; c += threads) {
    const bool has = first_channel + c < params.dim && direction.delta_bias != nullptr;
    bias[c] = has ? direction.delta_bias[first_channel + c] * kLog2e : 0.0F;
  }

  float A[kTileChannels][kTileStates];
  float h[kTileChannels][kTileStates];
  float skip[kTileChannels];
#pragma unroll
  for (int i = 0; i < kTileChannels; ++i) {
    skip[i] = valid && direction.D != nullptr ? direction.D[channel + i] : 0.0F;
#pragma unroll
    for (int n = 0; n < kTileStates; n += 4) {
      const float4 a4 =
          valid ? *reinterpret_cast<const float4*>(
                      direction.A + static_cast<int64_t>(channel + i) * direction.a_row + n)
                : float4{};
      A[i][n] = a4.x, A[i][n + 1] = a4.y, A[i][n + 2] = a4.z, A[i][n + 3] = a4.w;
      h[i][n] = h[i][n + 1] = h[i][n + 2] = h[i][n + 3] = 0.0F;
    }
  }

  const T* const projection = direction.delta + b * direction.delta_batch;
  const T* const u = direction.u + b * direction.u_batch + channel;
  const T* const z = kHasZ ? direction.z + b * direction.z_batch + channel : nullptr;
  T* const y = direction.y + b * direction.y_batch + channel;
  const int u_row = direction.u_row;
  const int z_row = direction.z_row;
  const int y_row = direction.y_row;

  WaitForCopies();
  __syncthreads();
  LoadRows(projection, direction.delta_row, layout.row_elements, maps, rows);
  CommitCopies();
  uint32_t u_next[4];
  uint32_t z_next[4] = {};
  LoadFour(u, u_row, maps, valid, u_next);
  if constexpr (kHasZ) LoadFour(z, z_row, maps + kTileRows, valid, z_next);

  int buffer = 0;
  int map = 0;  // of three: this tile's, the next one's, the one that is on its way
  for (int tile = 0; tile < end; tile += kTileRows, buffer ^= 1) {
    const T* const tile_rows = rows + buffer * rows_size;
    const int32_t* const tile_maps = maps + map * kMapsSize;
    map = map == 2 ? 0 : map + 1;
    const int32_t* const next_maps = maps + map * kMapsSize;
    WaitForCopies();
    __syncthreads();
    if (tile + kTileRows < end) {
      LoadRows(projection, direction.delta_row, layout.row_elements, next_maps,
               rows + (buffer ^ 1) * rows_size);
    }
    LoadMaps<kTileRows>(direction, tile + 2 * kTileRows, end,
                        maps + (map == 2 ? 0 : map + 1) * kMapsSize);
    CommitCopies();
    // B carries the factor ln 2 that brings steps in units of log2(e) back to natural ones.
    constexpr float kLn2 = 0.6931471805599453F;
    for (int i = thread; i < kTileRows * kTileStates; i += threads) {
      const int t = i / kTileStates;
      const int word = i % kTileStates;  // of the 16 that B and C have together
      float2 pair = UnpackPair<T>(*reinterpret_cast<const uint32_t*>(
          tile_rows + t * layout.row_elements + params.rank + word * 2));
      if (word < kTileStates / 2) pair = {pair.x * kLn2, pair.y * kLn2};
      *reinterpret_cast<float2*>(bc + t * 2 * kTileStates + word * 2) = pair;
    }
    ComputeSteps(layout, tile_rows, weight, bias, params.softplus, min(kTileRows, end - tile),
                 delta);
    __syncthreads();

    const float* const thread_delta = delta + thread % 32 * kTileChannels;
#pragma unroll 1
    for (int t4 = 0; t4 < kTileRows; t4 += 4) {
      uint32_t u_now[4];
      uint32_t z_now[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        u_now[i] = u_next[i];
        z_now[i] = z_next[i];
      }
      const int32_t* const ahead = t4 + 4 < kTileRows ? tile_maps + t4 + 4 : next_maps;
      LoadFour(u, u_row, ahead, valid, u_next);
      if constexpr (kHasZ) LoadFour(z, z_row, ahead + kTileRows, valid, z_next);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int t = t4 + i;
        float step[kTileChannels];
        float scaled[kTileChannels];
        float out[kTileChannels];
        float out_odd[kTileChannels] = {};  // two sums shorten the chain of additions
        const float2 u2 = UnpackPair<T>(u_now[i]);
        const float input[kTileChannels] = {u2.x, u2.y};
#pragma unroll
        for (int c = 0; c < kTileChannels; ++c) {
          step[c] = thread_delta[t * kDeltaPitch + c];
          scaled[c] = step[c] * input[c];
          out[c] = skip[c] * input[c];
        }
        const float* const row = bc + t * 2 * kTileStates;
#pragma unroll
        for (int n = 0; n < kTileStates; n += 4) {
          const float4 b4 = *reinterpret_cast<const float4*>(row + n);
          const float4 c4 = *reinterpret_cast<const float4*>(row + kTileStates + n);
          const float bn[4] = {b4.x, b4.y, b4.z, b4.w};
          const float cn[4] = {c4.x, c4.y, c4.z, c4.w};
#pragma unroll
          for (int j = 0; j < 4; ++j) {
#pragma unroll
            for (int c = 0; c < kTileChannels; ++c) {
              h[c][n + j] = fmaf(Exp2(step[c] * A[c][n + j]), h[c][n + j], scaled[c] * bn[j]);
              float& sum = j % 2 == 0 ? out[c] : out_odd[c];
              sum = fmaf(cn[j], h[c][n + j], sum);
            }
          }
        }
#pragma unroll
        for (int c = 0; c < kTileChannels; ++c) out[c] += out_odd[c];
        if constexpr (kHasZ) {
          const float2 gate = UnpackPair<T>(z_now[i]);
          out[0] *= cuda::Silu(gate.x);
          out[1] *= cuda::Silu(gate.y);
        }
        const int target = tile_maps[2 * kTileRows + t];
        if (target >= 0 && valid) {
          *reinterpret_cast<uint32_t*>(y + static_cast<int64_t>(target) * y_row) =
              PackPair<T>(out[0], out[1]);
        }
      }
    }
  }
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_TILE_CUDA_CUH_
