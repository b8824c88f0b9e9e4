// The selective scan for the operands of the tiled kernel (selective_scan_tile_cuda.cuh) where a
// thread for each pair of channels would not fill the GPU: kLanes threads share a channel, each
// with 16 / kLanes of its states, so that long sequences of small batches need few pieces or none.
//
// A block walks its sequence in tiles. Per tile:
//   - projection rows and index maps arrive in shared memory by asynchronous copies, and u in
//     registers, while the tile before is computed;
//   - threads that stand for a position and two channels compute step sizes (tensor cores,
//     softplus) and scaled inputs, and write the outputs of the tile before;
//   - B and C are widened to float32 and turned, so that a thread loads four positions at once;
//   - threads that stand for a channel and some of its states run the recurrence; their shares of
//     an output are added by exchanging halves, which leaves each lane with another position.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_SPLIT_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_SPLIT_CUDA_CUH_

#include "kernels/scan/selective_scan_cuda.cuh"
#include "kernels/scan/split_parts_cuda.cuh"
#include "kernels/scan/tile_parts_cuda.cuh"

namespace localmamba::scan_cuda {

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
