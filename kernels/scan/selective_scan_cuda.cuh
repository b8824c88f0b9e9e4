// Device side of the selective scan: one thread runs the recurrence of kChannels neighbouring
// channels with all their states in registers; the threads of a block share the rows of B, C and
// delta through shared memory.
//
// What this buys over the plain form (one channel a thread, operands from global memory): a
// broadcast 16-byte load from shared memory costs as much as four exponentials, so B and C, widened
// to float32 once when they are staged, are used for two channels each; and the directions are
// index maps, so no permuted copy is written or read.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_CUDA_CUH_

#include <cstdint>

#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation.cuh"
#include "kernels/scan/scan_order.h"

namespace localmamba::scan_cuda {

// Positions staged together.
inline constexpr int kTile = 8;

template <class T>
struct Direction {
  const T* u;
  const T* delta;
  const T* B;
  const T* C;
  const T* z;               // or null
  const int32_t* read;      // or null: identity
  const int32_t* z_read;    // or null: identity
  const int32_t* write;     // or null: identity
  const T* delta_weight;    // or null
  const float* delta_bias;  // or null
  const float* A;
  const float* D;  // or null
  T* y;
  float* last_state;                                                 // or null
  int64_t u_batch, delta_batch, b_batch, c_batch, z_batch, y_batch;  // strides in elements
  int32_t u_row, delta_row, b_row, c_row, z_row, y_row;
  int32_t weight_row, a_row, state_row;
  int64_t state_batch;
  int32_t length;
};

template <class T>
struct Params {
  Direction<T> directions[kMaxScanDirections];  // the longest first
  int32_t direction_count;
  int32_t channel_blocks;
  int32_t batch;
  int32_t dim;
  int32_t dstate;
  int32_t rank;  // columns of delta_weight; 0 without
  bool softplus;
  // Chunked mode: each sequence is cut into `chunks` pieces of `chunk_length` positions (a multiple
  // of kTile).
  int32_t chunks;
  int32_t chunk_length;
  // (direction, batch, chunk, dim, dstate): state at the end of a chunk that starts from 0
  float* chunk_state;
  float* chunk_delta;  // (direction, batch, chunk, dim): sum of Delta over a chunk
};

enum class Pass {
  kWhole,       // the whole sequence in one go
  kChunkState,  // chunk_state and chunk_delta only
  kChunkScan,   // outputs, starting from the state that the chunks before leave
};

inline __device__ float Exp2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

inline constexpr float kLog2e = 1.4426950408889634F;

// log(1 + exp(x)); x itself above 20. log1p keeps the small steps of very negative x.
inline __device__ float Softplus(float x) { return x > 20.0F ? x : log1pf(__expf(x)); }

// kChannels neighbouring elements, moved as one word where they are aligned.
template <class T, int kChannels, bool kAligned>
__device__ void LoadChannels(const T* p, int valid, float (&out)[kChannels]) {
  if constexpr (kAligned) {
    cuda::LoadUpTo<true>(p, valid, out);
  } else {
#pragma unroll
    for (int i = 0; i < kChannels; ++i) out[i] = i < valid ? cuda::ToFloat(p[i]) : 0.0F;
  }
}

// Grid: (channel blocks * directions * batch, 1, chunks). kStates is dstate rounded up; the states
// beyond it stay 0 because their A, B and C are 0.
template <class T, int kStates, int kChannels, bool kAligned, Pass kPass>
__global__ void SelectiveScanKernel(const __grid_constant__ Params<T> params) {
  extern __shared__ float shared[];
  const int rank = params.rank;
  float* const shared_b = shared;                            // [kTile][kStates]
  float* const shared_c = shared_b + kTile * kStates;        // [kTile][kStates]
  float* const shared_delta = shared_c + kTile * kStates;    // [rank][kTile]
  float* const shared_weight = shared_delta + kTile * rank;  // [rank][channels of the block]
  __shared__ int32_t shared_read[kTile];
  __shared__ int32_t shared_z_read[kTile];
  __shared__ int32_t shared_write[kTile];

  const int thread = static_cast<int>(threadIdx.x);
  const int threads = static_cast<int>(blockDim.x);
  const int channel_block = static_cast<int>(blockIdx.x) % params.channel_blocks;
  const int row_of_grid = static_cast<int>(blockIdx.x) / params.channel_blocks;
  const int k = row_of_grid / params.batch;
  const int b = row_of_grid % params.batch;
  const int chunk = static_cast<int>(blockIdx.z);
  const Direction<T>& direction = params.directions[k];
  const int block_channels = threads * kChannels;
  const int first_channel = channel_block * block_channels;
  const int channel = first_channel + thread * kChannels;
  const int valid = min(max(params.dim - channel, 0), kChannels);  // channels this thread has
  const int dstate = params.dstate;

  const int begin = kPass == Pass::kWhole ? 0 : chunk * params.chunk_length;
  const int end =
      kPass == Pass::kWhole ? direction.length : min(direction.length, begin + params.chunk_length);
  if (kPass == Pass::kChunkScan && begin >= end) return;

  const T* const u = direction.u + b * direction.u_batch;
  const T* const delta = direction.delta + b * direction.delta_batch;
  const T* const B = direction.B + b * direction.b_batch;
  const T* const C = direction.C + b * direction.c_batch;
  const T* const z = direction.z == nullptr ? nullptr : direction.z + b * direction.z_batch;
  T* const y = direction.y + b * direction.y_batch;

  // A in units that exp2 takes.
  float A[kChannels][kStates];
  float h[kChannels][kStates];
  float skip[kChannels];
  float bias[kChannels];
  float delta_sum[kChannels];
#pragma unroll
  for (int i = 0; i < kChannels; ++i) {
    const bool has = i < valid;
    skip[i] = has && direction.D != nullptr ? direction.D[channel + i] : 0.0F;
    bias[i] = has && direction.delta_bias != nullptr ? direction.delta_bias[channel + i] : 0.0F;
    delta_sum[i] = 0.0F;
#pragma unroll
    for (int n = 0; n < kStates; ++n) {
      A[i][n] = has && n < dstate
                    ? direction.A[static_cast<int64_t>(channel + i) * direction.a_row + n] * kLog2e
                    : 0.0F;
      h[i][n] = 0.0F;
    }
  }

  const int64_t sequence = static_cast<int64_t>(k) * params.batch + b;
  if constexpr (kPass == Pass::kChunkScan) {
    // The state before this chunk: what each chunk before left, decayed over those between.
    for (int c = 0; c < chunk; ++c) {
      const int64_t row = (sequence * params.chunks + c) * params.dim + channel;
#pragma unroll
      for (int i = 0; i < kChannels; ++i) {
        if (i >= valid) break;
        const float sum = params.chunk_delta[row + i];
        const float* const state = params.chunk_state + (row + i) * dstate;
#pragma unroll
        for (int n = 0; n < kStates; ++n) {
          if (n < dstate) h[i][n] = fmaf(Exp2(sum * A[i][n]), h[i][n], state[n]);
        }
      }
    }
  }

  for (int i = thread; i < rank * block_channels; i += threads) {
    const int c = i / rank;
    const int r = i % rank;
    shared_weight[r * block_channels + c] =
        first_channel + c < params.dim
            ? cuda::ToFloat(direction.delta_weight[static_cast<int64_t>(first_channel + c) *
                                                       direction.weight_row +
                                                   r])
            : 0.0F;
  }

  for (int tile = begin; tile < end; tile += kTile) {
    const int count = min(kTile, end - tile);
    __syncthreads();
    if (thread < kTile) {
      const int t = tile + thread;
      const bool in = thread < count;
      shared_read[thread] = !in ? -1 : direction.read == nullptr ? t : direction.read[t];
      if (kPass != Pass::kChunkState) {
        shared_z_read[thread] = !in ? -1 : direction.z_read == nullptr ? t : direction.z_read[t];
        shared_write[thread] = !in ? -1 : direction.write == nullptr ? t : direction.write[t];
      }
    }
    __syncthreads();
    for (int i = thread; i < kTile * kStates; i += threads) {
      const int t = i / kStates;
      const int n = i % kStates;
      const int row = shared_read[t];
      const bool has = row >= 0 && n < dstate;
      shared_b[i] = has ? cuda::ToFloat(B[static_cast<int64_t>(row) * direction.b_row + n]) : 0.0F;
      if (kPass != Pass::kChunkState) {
        shared_c[i] =
            has ? cuda::ToFloat(C[static_cast<int64_t>(row) * direction.c_row + n]) : 0.0F;
      }
    }
    for (int i = thread; i < kTile * rank; i += threads) {
      const int t = i / rank;
      const int r = i % rank;
      const int row = shared_read[t];
      shared_delta[r * kTile + t] =
          row >= 0 ? cuda::ToFloat(delta[static_cast<int64_t>(row) * direction.delta_row + r])
                   : 0.0F;
    }
    float u_tile[kTile][kChannels];
    float step[kTile][kChannels];
#pragma unroll
    for (int t = 0; t < kTile; ++t) {
      const int row = shared_read[t];
#pragma unroll
      for (int i = 0; i < kChannels; ++i) {
        u_tile[t][i] = 0.0F;
        step[t][i] = 0.0F;
      }
      if (row >= 0 && valid > 0) {
        LoadChannels<T, kChannels, kAligned>(
            u + static_cast<int64_t>(row) * direction.u_row + channel, valid, u_tile[t]);
        if (rank == 0) {
          LoadChannels<T, kChannels, kAligned>(
              delta + static_cast<int64_t>(row) * direction.delta_row + channel, valid, step[t]);
        }
      }
    }
    __syncthreads();
    for (int r = 0; r < rank; ++r) {
      float weight[kChannels];
#pragma unroll
      for (int i = 0; i < kChannels; ++i) {
        weight[i] = shared_weight[r * block_channels + thread * kChannels + i];
      }
#pragma unroll
      for (int t = 0; t < kTile; ++t) {
        const float d = shared_delta[r * kTile + t];
#pragma unroll
        for (int i = 0; i < kChannels; ++i) step[t][i] = fmaf(weight[i], d, step[t][i]);
      }
    }

#pragma unroll
    for (int t = 0; t < kTile; ++t) {
      if (t >= count) break;
      float out[kChannels];
      float scaled[kChannels];
      float decay[kChannels];
#pragma unroll
      for (int i = 0; i < kChannels; ++i) {
        const float raw = step[t][i] + bias[i];
        decay[i] = params.softplus ? Softplus(raw) : raw;
        delta_sum[i] += decay[i];
        scaled[i] = decay[i] * u_tile[t][i];
        out[i] = skip[i] * u_tile[t][i];
      }
#pragma unroll
      for (int n = 0; n < kStates; n += 4) {
        const float4 b4 = *reinterpret_cast<const float4*>(&shared_b[t * kStates + n]);
        const float bn[4] = {b4.x, b4.y, b4.z, b4.w};
        float cn[4] = {};
        if (kPass != Pass::kChunkState) {
          const float4 c4 = *reinterpret_cast<const float4*>(&shared_c[t * kStates + n]);
          cn[0] = c4.x, cn[1] = c4.y, cn[2] = c4.z, cn[3] = c4.w;
        }
#pragma unroll
        for (int j = 0; j < 4; ++j) {
#pragma unroll
          for (int i = 0; i < kChannels; ++i) {
            h[i][n + j] = fmaf(Exp2(decay[i] * A[i][n + j]), h[i][n + j], scaled[i] * bn[j]);
            if (kPass != Pass::kChunkState) out[i] = fmaf(cn[j], h[i][n + j], out[i]);
          }
        }
      }
      if constexpr (kPass != Pass::kChunkState) {
        const int target = shared_write[t];
        if (target >= 0 && valid > 0) {
          if (z != nullptr) {
            const int z_row = shared_z_read[t];
            float gate[kChannels] = {};
            if (z_row >= 0) {
              LoadChannels<T, kChannels, kAligned>(
                  z + static_cast<int64_t>(z_row) * direction.z_row + channel, valid, gate);
            }
#pragma unroll
            for (int i = 0; i < kChannels; ++i) out[i] *= cuda::Silu(gate[i]);
          }
          cuda::StoreUpTo<kAligned>(out, valid,
                                    y + static_cast<int64_t>(target) * direction.y_row + channel);
        }
      }
    }
  }

  if constexpr (kPass == Pass::kChunkState) {
    const int64_t row = (sequence * params.chunks + chunk) * params.dim + channel;
#pragma unroll
    for (int i = 0; i < kChannels; ++i) {
      if (i >= valid) break;
      params.chunk_delta[row + i] = delta_sum[i];
      float* const state = params.chunk_state + (row + i) * dstate;
#pragma unroll
      for (int n = 0; n < kStates; ++n) {
        if (n < dstate) state[n] = h[i][n];
      }
    }
  } else if (direction.last_state != nullptr && end == direction.length) {
#pragma unroll
    for (int i = 0; i < kChannels; ++i) {
      if (i >= valid) break;
      float* const state = direction.last_state + b * direction.state_batch +
                           static_cast<int64_t>(channel + i) * direction.state_row;
#pragma unroll
      for (int n = 0; n < kStates; ++n) {
        if (n < dstate) state[n] = h[i][n];
      }
    }
  }
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_CUDA_CUH_
