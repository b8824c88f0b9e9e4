// The selective scan for the operands of the tiled kernel (selective_scan_tile_cuda.cuh) where there
// are too few channels to fill a GPU with one thread each: kLanes threads share a channel, each with
// 16 / kLanes of its states, so that long sequences of small batches need few pieces or none.
//
// A block walks its sequence in tiles. Per tile:
//   - projection rows and index maps arrive in shared memory by asynchronous copies, u in registers,
//     while the tile before is computed;
//   - threads that stand for a position and two channels compute step sizes (tensor cores, softplus)
//     and scaled inputs, and write the outputs of the tile before;
//   - B and C are widened to float32 and turned, so that a thread loads four positions at once;
//   - threads that stand for a channel and some of its states run the recurrence; their shares of
//     an output are added by exchanging halves, which leaves each lane with other positions.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_SPLIT_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_SPLIT_CUDA_CUH_

#include "kernels/scan/selective_scan_cuda.cuh"
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
  static constexpr int kGroup = kLanes < 4 ? 4 : kLanes;       // positions summed together
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

// Which channel of the block and which states (`state` and every kLanes-th after it) a thread has in
// the recurrence. A warp's loads of 16 bytes a lane take two passes instead of four if lanes i and
// i ^ 1, or i and i ^ 2, all have the same addresses: bit 0 of the lane is one of the channel, for B
// and C, and bit 1 one of the state, for steps and inputs.
template <int kLanes>
struct RecurrencePart {
  int channel, state;
  __device__ RecurrencePart() {
    const int thread = static_cast<int>(threadIdx.x);
    channel = thread / (2 * kLanes) * 2 + thread % 2;
    state = thread / 2 % kLanes;
  }
};

// Adds the sums of the kLanes threads that share a channel, for kCount positions. The thread with
// state i keeps the positions from i * kCount / kLanes, at the front of `sums`.
template <int kLanes, int kCount, int kGroup>
__device__ __forceinline__ void AddAcrossLanes(float (&sums)[kGroup]) {
  if constexpr (kLanes > 1) {
    constexpr int kHalf = kCount / 2;
    const bool upper = (threadIdx.x & kLanes) != 0;
#pragma unroll
    for (int i = 0; i < kHalf; ++i) {
      const float give = upper ? sums[i] : sums[i + kHalf];
      const float keep = upper ? sums[i + kHalf] : sums[i];
      sums[i] = keep + __shfl_xor_sync(0xffffffffU, give, kLanes);
    }
    AddAcrossLanes<kLanes / 2, kHalf>(sums);
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
  constexpr int kKept = Shape::kGroup / kLanes;
  const RecurrencePart<kLanes> part;
  const int own = part.channel * kPitch;
  // Sums are stored one group late: after the loads of the next, which then need not wait for them.
  float kept[kKept];
  float* kept_outputs = outputs + own + part.state * kKept;
  const auto group = [&](int first) {
    float sums[Shape::kGroup];
#pragma unroll
    for (int q = 0; q < Shape::kGroup; q += 4) {
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
      if (first > 0) {
#pragma unroll
        for (int i = 0; i < kKept; ++i) kept_outputs[first - Shape::kGroup + i] = kept[i];
      }
      AddAcrossLanes<kLanes, Shape::kGroup>(sums);
#pragma unroll
      for (int i = 0; i < kKept; ++i) kept[i] = sums[i];
    }
  };
  constexpr int kUnroll = kLanes == 16 ? 1 : 2;
  constexpr int kStep = Shape::kGroup * kUnroll;
  int first = 0;
#pragma unroll 1
  for (; first < count; first += kStep) {
#pragma unroll
    for (int g = 0; g < kUnroll; ++g) group(first + g * Shape::kGroup);
  }
  if constexpr (kOutputs) {
#pragma unroll
    for (int i = 0; i < kKept; ++i) kept_outputs[first - Shape::kGroup + i] = kept[i];
  }
}

// Grid: (channel blocks * directions * batch, 1, pieces). With pieces, the state pass has all but
// the last and writes the outputs of the first as well; the scan pass has all but the first.
template <class T, int kLanes, bool kHasZ, Pass kPass>
__global__ void __launch_bounds__(kSplitWarps * 32, kSplitBlocks)
    SelectiveScanSplitKernel(const __grid_constant__ Params<T> params) {
  using Shape = Split<kLanes>;
  constexpr int kStates = Shape::kStates;
  constexpr int kRows = Shape::kRows;
  constexpr int kPitch = Shape::kPitch;
  constexpr int kMapsSize = kTileMaps * kRows;
  extern __shared__ __align__(16) char tile_memory[];
  const Shape layout(params.rank);
  float* const steps = reinterpret_cast<float*>(tile_memory + layout.steps);
  float* const inputs = reinterpret_cast<float*>(tile_memory + layout.inputs);
  float* const outputs = reinterpret_cast<float*>(tile_memory + layout.outputs);
  float* const bc = reinterpret_cast<float*>(tile_memory + layout.bc);
  int32_t* const maps = reinterpret_cast<int32_t*>(tile_memory + layout.maps);  // of three tiles
  T* const weight = reinterpret_cast<T*>(tile_memory + layout.weight);
  T* const rows = reinterpret_cast<T*>(tile_memory + layout.rows);  // of two tiles
  const int rows_size = kRows * layout.row_elements;

  const int channel_block = static_cast<int>(blockIdx.x) % params.channel_blocks;
  const int row_of_grid = static_cast<int>(blockIdx.x) / params.channel_blocks;
  const int k = row_of_grid / params.batch;
  const int b = row_of_grid % params.batch;
  const int chunk = static_cast<int>(blockIdx.z) + (kPass == Pass::kChunkScan ? 1 : 0);
  const Direction<T>& direction = params.directions[k];
  const int begin = kPass == Pass::kWhole ? 0 : chunk * params.chunk_length;
  const int end =
      kPass == Pass::kWhole ? direction.length : min(direction.length, begin + params.chunk_length);
  if (begin >= end) return;
  const bool writes = kPass != Pass::kChunkState || chunk == 0;
  const int first_channel = channel_block * Shape::kChannels;

  LoadMaps<kRows>(direction, begin, end, maps);
  LoadMaps<kRows>(direction, begin + kRows, end, maps + kMapsSize);
  LoadWeight(direction, first_channel, Shape::kChannels, params.dim, params.rank,
             layout.rank_padded, layout.weight_pitch, weight);
  CommitCopies();

  const RecurrencePart<kLanes> part;
  const int channel = first_channel + part.channel;
  const int64_t sequence = static_cast<int64_t>(k) * params.batch + b;
  float A[kStates];
  float h[kStates] = {};
  float delta_sum = 0.0F;
#pragma unroll
  for (int j = 0; j < kStates; ++j) {
    A[j] =
        channel < params.dim
            ? direction.A[static_cast<int64_t>(channel) * direction.a_row + part.state + j * kLanes]
            : 0.0F;
  }
  if constexpr (kPass == Pass::kChunkScan) {
    // The state before this piece: what each piece before left, decayed over those between.
#pragma unroll 4
    for (int c = 0; c < (channel < params.dim ? chunk : 0); ++c) {
      const int64_t row = (sequence * params.chunks + c) * params.dim + channel;
      const float sum = params.chunk_delta[row];
#pragma unroll
      for (int j = 0; j < kStates; ++j) {
        h[j] = fmaf(Exp2(sum * A[j]), h[j],
                    params.chunk_state[row * kTileStates + part.state + j * kLanes]);
      }
    }
  }

  // This thread's positions and channels otherwise.
  const T* const projection = direction.delta + b * direction.delta_batch;
  const T* const u = direction.u + b * direction.u_batch + first_channel;
  const T* const z = kHasZ ? direction.z + b * direction.z_batch + first_channel : nullptr;
  T* const y = direction.y + b * direction.y_batch + first_channel;
  float2 bias[Shape::kProducts];
  float2 skip[Shape::kProducts];
  uint32_t u_now[Shape::kProducts][2];
  uint32_t u_next[Shape::kProducts][2];
  uint32_t gate[Shape::kProducts][2];
  int target[Shape::kProducts][2];
#pragma unroll
  for (int p = 0; p < Shape::kProducts; ++p) {
    const int c = first_channel + ProductPart<kLanes>(p).channel;
    const bool has_bias = c < params.dim && direction.delta_bias != nullptr;
    const bool has_skip = c < params.dim && direction.D != nullptr;
    bias[p] = has_bias
                  ? float2{direction.delta_bias[c] * kLog2e, direction.delta_bias[c + 1] * kLog2e}
                  : float2{};
    skip[p] = has_skip ? float2{direction.D[c], direction.D[c + 1]} : float2{};
  }
  const auto load_pairs = [&](const T* x, int row_stride, const int32_t* map,
                              uint32_t(&pairs)[Shape::kProducts][2]) {
#pragma unroll
    for (int p = 0; p < Shape::kProducts; ++p) {
      const ProductPart<kLanes> part(p);
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const int row = map[part.row + i * 8];
        pairs[p][i] = row >= 0 && first_channel + part.channel < params.dim
                          ? __ldg(reinterpret_cast<const uint32_t*>(
                                x + static_cast<int64_t>(row) * row_stride + part.channel))
                          : 0;
      }
    }
  };
  const auto write_outputs = [&] {
#pragma unroll
    for (int p = 0; p < Shape::kProducts; ++p) {
      const ProductPart<kLanes> part(p);
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const float* const sums = outputs + part.channel * kPitch + part.row + i * 8;
        const float2 input = UnpackPair<T>(u_now[p][i]);
        float2 out = {fmaf(skip[p].x, input.x, sums[0]), fmaf(skip[p].y, input.y, sums[kPitch])};
        if constexpr (kHasZ) {
          const float2 g = UnpackPair<T>(gate[p][i]);
          out = {out.x * cuda::Silu(g.x), out.y * cuda::Silu(g.y)};
        }
        if (target[p][i] >= 0 && first_channel + part.channel < params.dim) {
          *reinterpret_cast<uint32_t*>(y + static_cast<int64_t>(target[p][i]) * direction.y_row +
                                       part.channel) = PackPair<T>(out.x, out.y);
        }
      }
    }
  };

  WaitForCopies();
  __syncthreads();
  LoadRows(layout, projection, direction.delta_row, maps, rows);
  CommitCopies();
  load_pairs(u, direction.u_row, maps, u_next);

  int buffer = 0;
  int map = 0;  // of three: this tile's, the next one's, the one that is on its way
  for (int tile = begin; tile < end; tile += kRows, buffer ^= 1) {
    const T* const tile_rows = rows + buffer * rows_size;
    const int32_t* const tile_maps = maps + map * kMapsSize;
    map = map == 2 ? 0 : map + 1;
    const int32_t* const next_maps = maps + map * kMapsSize;
    const int count = min(kRows, end - tile);
    WaitForCopies();
    __syncthreads();
    if (tile + kRows < end) {
      LoadRows(layout, projection, direction.delta_row, next_maps, rows + (buffer ^ 1) * rows_size);
    }
    LoadMaps<kRows>(direction, tile + 2 * kRows, end, maps + (map == 2 ? 0 : map + 1) * kMapsSize);
    CommitCopies();

    if (writes && tile != begin) write_outputs();
#pragma unroll
    for (int p = 0; p < Shape::kProducts; ++p) {
      const ProductPart<kLanes> part(p);
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        u_now[p][i] = u_next[p][i];
        target[p][i] = tile_maps[2 * kRows + part.row + i * 8];
      }
    }
    load_pairs(u, direction.u_row, next_maps, u_next);
    if constexpr (kHasZ) load_pairs(z, direction.z_row, tile_maps + kRows, gate);
    TurnBc(layout, tile_rows, params.rank, bc);
#pragma unroll
    for (int p = 0; p < Shape::kProducts; ++p) {
      const ProductPart<kLanes> part(p);
      float sums[4] = {};
      MultiplySteps(layout, tile_rows, weight, p, sums);
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        float2 step = {fmaf(sums[i * 2], kLog2e, bias[p].x),
                       fmaf(sums[i * 2 + 1], kLog2e, bias[p].y)};
        if (params.softplus) step = {Softplus2(step.x), Softplus2(step.y)};
        // Positions past the end leave the state as it is.
        if (part.row + i * 8 >= count) step = {0.0F, 0.0F};
        // Steps are in units of log2(e); ln 2 brings them back to natural ones.
        constexpr float kLn2 = 0.6931471805599453F;
        const float2 input = UnpackPair<T>(u_now[p][i]);
        const int at = part.channel * kPitch + part.row + i * 8;
        steps[at] = step.x;
        steps[at + kPitch] = step.y;
        inputs[at] = step.x * kLn2 * input.x;
        inputs[at + kPitch] = step.y * kLn2 * input.y;
      }
    }
    __syncthreads();

    if (writes) {
      Recur<kLanes, true>(steps, inputs, bc, count, A, h, delta_sum, outputs);
    } else {
      Recur<kLanes, false>(steps, inputs, bc, count, A, h, delta_sum, outputs);
    }
  }
  if (writes) {
    __syncthreads();
    write_outputs();
  }

  if constexpr (kPass == Pass::kChunkState) {
    if (channel >= params.dim) return;
    const int64_t row = (sequence * params.chunks + chunk) * params.dim + channel;
    if (part.state == 0) params.chunk_delta[row] = delta_sum;
#pragma unroll
    for (int j = 0; j < kStates; ++j) {
      params.chunk_state[row * kTileStates + part.state + j * kLanes] = h[j];
    }
  }
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_SPLIT_CUDA_CUH_
