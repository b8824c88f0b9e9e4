// Device side of the backward of the selective scan.
//
// A lane holds 16 pairs of channel and state: kStates states of 16 / kStates neighbouring channels.
// The four lanes of a quad have all states of their channels between them. So the sums over states
// (for du and dstep) go over four lanes and those over channels (for dB and dC) over the eight quads
// of a warp, which takes about one shuffle a state and position; a channel a lane would take two.
//
// A block walks its sequence forward once and keeps the states before every chunk in global memory.
// It then takes the chunks in reverse order. Within a chunk it keeps states before every group of
// positions (local memory, which the first-level cache holds in part), and within a group before
// every position, in registers. So a state is computed three times and its decay four times: that is
// cheaper than moving all states through memory, and needs little of it.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_CUDA_CUH_

#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation_gradient.cuh"
#include "kernels/scan/selective_scan_backward_params_cuda.cuh"
#include "kernels/scan/selective_scan_cuda.cuh"

namespace localmamba::scan_cuda {

inline constexpr unsigned kAllLanes = 0xffffffffU;

// Adds up v over the lanes that differ in the bits kBit, kBit / 2, ... kLast. In the end each of
// these lanes has in front the sums of max(1, kCount / lanes) elements, in the order of the lanes.
template <int kBit, int kLast, int kCount, int kSize>
__device__ __forceinline__ void SumOverLanes(float (&v)[kSize]) {
  constexpr int kHalf = kCount > 1 ? kCount / 2 : 1;
  if constexpr (kCount == 1) {
    v[0] += __shfl_xor_sync(kAllLanes, v[0], kBit);
  } else {
    const bool upper = (threadIdx.x & kBit) != 0;
#pragma unroll
    for (int i = 0; i < kHalf; ++i) {
      const float other = __shfl_xor_sync(kAllLanes, upper ? v[i] : v[i + kHalf], kBit);
      v[i] = (upper ? v[i + kHalf] : v[i]) + other;
    }
  }
  if constexpr (kBit > kLast) SumOverLanes<kBit / 2, kLast, kHalf>(v);
}

// kCount neighbouring elements of shared memory.
template <int kCount, class T>
__device__ __forceinline__ void LoadShared(const T* from, float (&to)[kCount]) {
  if constexpr (kCount * sizeof(T) >= 4) {
    cuda::LoadVector(from, to);
  } else {
    to[0] = cuda::ToFloat(from[0]);
  }
}

template <class T, int kStates, bool kHasZ>
class ScanBackward {
 public:
  static constexpr int kChunk = kBackwardChunk;
  static constexpr int kGroup = kBackwardGroup;
  static constexpr int kChannels = kLaneChannels<kStates>;
  static constexpr int kOwners = 4 / kChannels;  // lanes of a quad for each of its channels
  using Layout = BackwardLayout<T, kStates>;
  static constexpr int kRow = Layout::kRow;

  __device__ ScanBackward(const BackwardParams<T>& params, char* memory)
      : params_(params),
        layout_(static_cast<int>(blockDim.x) / 32, params.rank),
        step_(reinterpret_cast<float*>(memory + layout_.step)),
        dout_(reinterpret_cast<float*>(memory + layout_.dout)),
        bc_(reinterpret_cast<float*>(memory + layout_.bc)),
        sums_(reinterpret_cast<float*>(memory + layout_.sums)),
        delta_(reinterpret_cast<float*>(memory + layout_.delta)),
        u_(reinterpret_cast<T*>(memory + layout_.u)),
        weight_(reinterpret_cast<T*>(memory + layout_.weight)),
        thread_(static_cast<int>(threadIdx.x)),
        lane_(thread_ % 32),
        tile_(static_cast<int>(blockIdx.x) % params.tiles),
        sequence_(static_cast<int>(blockIdx.x) / params.tiles),
        b_(sequence_ % params.batch),
        direction_(params.directions[sequence_ / params.batch]),
        own_(thread_ / 32 * kQuadsChannels<kStates> + lane_ / kOwners),
        first_own_(thread_ / 32 * kQuadsChannels<kStates> + lane_ / 4 * kChannels),
        first_state_(lane_ % 4 * kStates),
        has_own_(lane_ % kOwners == 0 && Channel(own_) < params.dim) {}

  __device__ __forceinline__ void Run() {
    LoadParameters();
    const int chunks = (direction_.length + kChunk - 1) / kChunk;
    float h[kChannels][kStates] = {};
#pragma unroll 1
    for (int chunk = 0; chunk + 1 < chunks; ++chunk) {
      if (chunk > 0) StoreStart(chunk, h);
      Stage</*kGradients=*/false>(chunk * kChunk);
#pragma unroll 1
      for (int t = 0; t < kChunk; ++t) Advance(t, h);
      __syncthreads();
    }
    if (chunks > 1) StoreStart(chunks - 1, h);
#pragma unroll 1
    for (int chunk = chunks - 1; chunk >= 0; --chunk) {
      Stage</*kGradients=*/true>(chunk * kChunk);
      LoadStart(chunk, h);
      WalkChunk(chunk * kChunk, h);
      __syncthreads();
      WriteSums(chunk * kChunk);
    }
    WriteChannelSums();
  }

 private:
  // Of the block's channel c, within the tensors.
  __device__ __forceinline__ int Channel(int c) const { return tile_ * layout_.channels + c; }

  __device__ __forceinline__ void LoadParameters() {
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
      const int channel = Channel(first_own_ + c);
#pragma unroll
      for (int j = 0; j < kStates; ++j) {
        const int n = first_state_ + j;
        A_[c][j] = channel < params_.dim && n < params_.dstate
                       ? direction_.A[channel * direction_.a_row + n] * kLog2e
                       : 0.0F;
        dh_[c][j] = 0.0F;
        dA_[c][j] = 0.0F;
      }
    }
    if (has_own_) {
      skip_ = direction_.D == nullptr ? 0.0F : direction_.D[Channel(own_)];
      bias_ = direction_.delta_bias == nullptr ? 0.0F : direction_.delta_bias[Channel(own_)];
    }
    for (int i = thread_; i < layout_.channels * params_.rank; i += static_cast<int>(blockDim.x)) {
      const int channel = Channel(i / params_.rank);
      const int r = i % params_.rank;
      weight_[r * layout_.channels + i / params_.rank] =
          channel < params_.dim ? direction_.delta_weight[channel * direction_.weight_row + r]
                                : cuda::FromFloat<T>(0.0F);
    }
  }

  // Brings the chunk's operands to shared memory. Positions past the end have steps of 0, which
  // leave states and their gradients as they are.
  template <bool kGradients>
  __device__ __forceinline__ void Stage(int begin) {
    const int threads = static_cast<int>(blockDim.x);
    for (int i = thread_; i < kChunk * kRow; i += threads) {
      const int t = i / kRow;
      const int n = i % kRow;
      const int row = direction_.At(direction_.read, begin + t);
      const bool has = row >= 0 && n < params_.dstate;
      bc_[t * 2 * kRow + n] = has ? cuda::ToFloat(direction_.B.Row(b_, row)[n]) : 0.0F;
      if constexpr (kGradients) {
        bc_[t * 2 * kRow + kRow + n] = has ? cuda::ToFloat(direction_.C.Row(b_, row)[n]) : 0.0F;
      }
    }
    for (int i = thread_; i < kChunk * params_.rank; i += threads) {
      const int t = i / params_.rank;
      const int r = i % params_.rank;
      const int row = direction_.At(direction_.read, begin + t);
      delta_[r * kChunk + t] = row >= 0 ? cuda::ToFloat(direction_.delta.Row(b_, row)[r]) : 0.0F;
    }
    read_ = direction_.At(direction_.read, begin + lane_);
    write_ = direction_.At(direction_.write, begin + lane_);
    if constexpr (kHasZ) z_read_ = direction_.At(direction_.z_read, begin + lane_);
    __syncthreads();
    StageSteps(begin);
    if constexpr (kGradients) StageOutputGradients();
    __syncwarp();
  }

  // u and Delta of the lane's own channel.
  __device__ __forceinline__ void StageSteps(int begin) {
    constexpr int kAtATime = 8;
#pragma unroll 1
    for (int t = 0; t < kChunk; t += kAtATime) {
      float u[kAtATime];
      float step[kAtATime];
#pragma unroll
      for (int i = 0; i < kAtATime; ++i) {
        const int row = __shfl_sync(kAllLanes, read_, t + i);
        const bool has = row >= 0 && has_own_;
        u[i] = has ? cuda::ToFloat(direction_.u.Row(b_, row)[Channel(own_)]) : 0.0F;
        step[i] = bias_;
        if (params_.rank == 0 && has) {
          step[i] += cuda::ToFloat(direction_.delta.Row(b_, row)[Channel(own_)]);
        }
      }
      for (int r = 0; r < params_.rank; ++r) {
        const float weight = cuda::ToFloat(weight_[r * layout_.channels + own_]);
        float delta[kAtATime];
        cuda::LoadVector(delta_ + r * kChunk + t, delta);
#pragma unroll
        for (int i = 0; i < kAtATime; ++i) step[i] = fmaf(weight, delta[i], step[i]);
      }
      if (lane_ % kOwners != 0) continue;
#pragma unroll
      for (int i = 0; i < kAtATime; ++i) {
        if (params_.softplus) step[i] = Softplus(step[i]);
        const bool in = has_own_ && begin + t + i < direction_.length;
        step_[(t + i) * layout_.channels + own_] = in ? step[i] : 0.0F;
        u_[(t + i) * layout_.channels + own_] = cuda::FromFloat<T>(u[i]);
      }
    }
  }

  __device__ __forceinline__ void StageOutputGradients() {
#pragma unroll 8
    for (int t = 0; t < kChunk; ++t) {
      const int target = __shfl_sync(kAllLanes, write_, t);
      float dout = target >= 0 && has_own_
                       ? cuda::ToFloat(direction_.dy.Row(b_, target)[Channel(own_)])
                       : 0.0F;
      if constexpr (kHasZ) {
        const int row = __shfl_sync(kAllLanes, z_read_, t);
        if (direction_.z.data != nullptr) {
          dout *= row >= 0 && has_own_
                      ? cuda::Silu(cuda::ToFloat(direction_.z.Row(b_, row)[Channel(own_)]))
                      : 0.0F;
        }
      }
      if (lane_ % kOwners == 0) dout_[t * layout_.channels + own_] = dout;
    }
  }

  __device__ __forceinline__ float4* Start(int chunk, int c) const {
    const int64_t row =
        (int64_t{sequence_} * params_.chunks + chunk) * params_.dim + Channel(first_own_ + c);
    return reinterpret_cast<float4*>(params_.starts + row * kRow + first_state_);
  }
  __device__ __forceinline__ void StoreStart(int chunk,
                                             const float (&h)[kChannels][kStates]) const {
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
      if (Channel(first_own_ + c) >= params_.dim) break;
#pragma unroll
      for (int j = 0; j < kStates; j += 4) {
        Start(chunk, c)[j / 4] = make_float4(h[c][j], h[c][j + 1], h[c][j + 2], h[c][j + 3]);
      }
    }
  }
  __device__ __forceinline__ void LoadStart(int chunk, float (&h)[kChannels][kStates]) const {
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
      const bool has = chunk > 0 && Channel(first_own_ + c) < params_.dim;
#pragma unroll
      for (int j = 0; j < kStates; j += 4) {
        const float4 four = has ? Start(chunk, c)[j / 4] : float4{};
        h[c][j] = four.x, h[c][j + 1] = four.y, h[c][j + 2] = four.z, h[c][j + 3] = four.w;
      }
    }
  }

  // States after position t of the chunk.
  __device__ __forceinline__ void Advance(int t, float (&h)[kChannels][kStates]) const {
    float step[kChannels];
    float u[kChannels];
    float B[kStates];
    LoadShared(step_ + t * layout_.channels + first_own_, step);
    LoadShared(u_ + t * layout_.channels + first_own_, u);
    cuda::LoadVector(bc_ + t * 2 * kRow + first_state_, B);
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
      const float input = step[c] * u[c];
#pragma unroll
      for (int j = 0; j < kStates; ++j) {
        h[c][j] = fmaf(Exp2(step[c] * A_[c][j]), h[c][j], input * B[j]);
      }
    }
  }

  // The chunk's gradients; h: the states before it.
  __device__ __forceinline__ void WalkChunk(int begin, float (&h)[kChannels][kStates]) {
    constexpr int kGroups = kChunk / kGroup;
    float4 saved[kGroups - 1][kLanePairs / 4];  // before each group but the last
    const int groups = (min(kChunk, direction_.length - begin) + kGroup - 1) / kGroup;
#pragma unroll 1
    for (int group = 0; group + 1 < groups; ++group) {
#pragma unroll
      for (int i = 0; i < kLanePairs / 4; ++i) {
        const float* four = &h[i * 4 / kStates][i * 4 % kStates];
        saved[group][i] = make_float4(four[0], four[1], four[2], four[3]);
      }
#pragma unroll
      for (int i = 0; i < kGroup; ++i) Advance(group * kGroup + i, h);
    }
#pragma unroll 1
    for (int group = groups - 1; group >= 0; --group) {
      WalkGroup(begin, group * kGroup, h);
      if (group == 0) break;
#pragma unroll
      for (int i = 0; i < kLanePairs / 4; ++i) {
        float* four = &h[i * 4 / kStates][i * 4 % kStates];
        const float4 state = saved[group - 1][i];
        four[0] = state.x, four[1] = state.y, four[2] = state.z, four[3] = state.w;
      }
    }
    if constexpr (kHasZ) {
      __syncwarp();
      if (direction_.dz.data != nullptr) WriteGateGradients();
    }
  }

  // Positions first ... first + kGroup - 1 of the chunk; h: the states before them.
  __device__ __forceinline__ void WalkGroup(int begin, int first, float (&h)[kChannels][kStates]) {
    float before[kGroup][kChannels][kStates];
    float out[kGroup];  // without D * u, of the lane's own channel
                        // Forward: states, outputs and dC.
#pragma unroll
    for (int i = 0; i < kGroup; i += 2) {
      float dC[2 * kStates] = {};
#pragma unroll
      for (int k = 0; k < 2; ++k) {
        const int t = first + i + k;
        float C[kStates];
        float dout[kChannels];
        float sums[kChannels] = {};
        cuda::LoadVector(bc_ + t * 2 * kRow + kRow + first_state_, C);
        LoadShared(dout_ + t * layout_.channels + first_own_, dout);
#pragma unroll
        for (int c = 0; c < kChannels; ++c) {
#pragma unroll
          for (int j = 0; j < kStates; ++j) before[i + k][c][j] = h[c][j];
        }
        Advance(t, h);
#pragma unroll
        for (int c = 0; c < kChannels; ++c) {
#pragma unroll
          for (int j = 0; j < kStates; ++j) {
            if constexpr (kHasZ) sums[c] = fmaf(C[j], h[c][j], sums[c]);
            dC[k * kStates + j] = fmaf(dout[c], h[c][j], dC[k * kStates + j]);
          }
        }
        if constexpr (kHasZ) {
          SumOverLanes<2, 1, kChannels>(sums);
          out[i + k] = sums[0];
        }
      }
      StoreSums(first + i, 1, dC);
    }
    // Back.
#pragma unroll
    for (int i = kGroup - 2; i >= 0; i -= 2) {
      float dB[2 * kStates] = {};
#pragma unroll
      for (int k = 1; k >= 0; --k) {
        const int t = first + i + k;
        float step[kChannels];
        float u[kChannels];
        float dout[kChannels];
        float B[kStates];
        float C[kStates];
        float decay_sums[kChannels] = {};
        float input_sums[kChannels] = {};
        LoadShared(step_ + t * layout_.channels + first_own_, step);
        LoadShared(u_ + t * layout_.channels + first_own_, u);
        LoadShared(dout_ + t * layout_.channels + first_own_, dout);
        cuda::LoadVector(bc_ + t * 2 * kRow + first_state_, B);
        cuda::LoadVector(bc_ + t * 2 * kRow + kRow + first_state_, C);
#pragma unroll
        for (int c = 0; c < kChannels; ++c) {
          const float input = step[c] * u[c];
#pragma unroll
          for (int j = 0; j < kStates; ++j) {
            const float gradient = fmaf(C[j], dout[c], dh_[c][j]);
            dB[k * kStates + j] = fmaf(input, gradient, dB[k * kStates + j]);
            input_sums[c] = fmaf(B[j], gradient, input_sums[c]);
            dh_[c][j] = gradient * Exp2(step[c] * A_[c][j]);
            const float decayed = dh_[c][j] * before[i + k][c][j];
            decay_sums[c] = fmaf(decayed, A_[c][j], decay_sums[c]);
            dA_[c][j] = fmaf(decayed, step[c], dA_[c][j]);
          }
        }
        SumOverLanes<2, 1, kChannels>(decay_sums);
        SumOverLanes<2, 1, kChannels>(input_sums);
        WriteToken(begin, t, decay_sums[0], input_sums[0], out[i + k]);
      }
      StoreSums(first + i, 0, dB);
    }
  }

  // Adds up dB or dC of positions t and t + 1 over the warp's channels.
  __device__ __forceinline__ void StoreSums(int t, int which, float (&v)[2 * kStates]) {
    SumOverLanes<16, 4, 2 * kStates>(v);
    float* const sums = sums_ + thread_ / 32 * kChunk * 2 * kRow;
    constexpr int kMine = kStates / 4;
#pragma unroll
    for (int i = 0; i < kMine; ++i) {
      const int element = lane_ / 4 * kMine + i;
      sums[Layout::SumIndex(t + element / kStates, which, first_state_ + element % kStates)] = v[i];
    }
  }

  // du and dstep of the lane's own channel. With z the place of dout takes the output, for dz.
  __device__ __forceinline__ void WriteToken(int begin, int t, float decay_sum, float input_sum,
                                             float out) {
    constexpr float kLn2 = 0.6931471805599453F;  // A_ holds A / ln 2
    const int row = __shfl_sync(kAllLanes, read_, t);
    if constexpr (kHasZ) __syncwarp();  // the quad has read dout
    if (!has_own_ || begin + t >= direction_.length) return;
    const int index = t * layout_.channels + own_;
    const float step = step_[index];
    const float u = cuda::ToFloat(u_[index]);
    const float dout = dout_[index];
    float dstep = fmaf(u, input_sum, decay_sum * kLn2);
    if (params_.softplus) dstep *= -expm1f(-step);  // sigmoid of what softplus was given
    dD_ = fmaf(dout, u, dD_);
    dbias_ += dstep;
    if constexpr (kHasZ) dout_[index] = fmaf(skip_, u, out);
    if (row < 0) return;
    if (direction_.du.data != nullptr) {
      direction_.du.Row(b_, row)[Channel(own_)] =
          cuda::FromFloat<T>(fmaf(step, input_sum, skip_ * dout));
    }
    if (direction_.dstep.data != nullptr) {
      direction_.dstep.Row(b_, row)[Channel(own_)] = cuda::FromFloat<T>(dstep);
    }
  }

  __device__ __forceinline__ void WriteGateGradients() const {
#pragma unroll 8
    for (int t = 0; t < kChunk; ++t) {
      const int target = __shfl_sync(kAllLanes, write_, t);
      const int row = __shfl_sync(kAllLanes, z_read_, t);
      if (row < 0 || !has_own_) continue;
      float dz = 0.0F;
      if (target >= 0) {
        const float z = cuda::ToFloat(direction_.z.Row(b_, row)[Channel(own_)]);
        dz = cuda::ToFloat(direction_.dy.Row(b_, target)[Channel(own_)]) *
             dout_[t * layout_.channels + own_] * cuda::SiluGradient(z);
      }
      direction_.dz.Row(b_, row)[Channel(own_)] = cuda::FromFloat<T>(dz);
    }
  }

  // dB and dC of the chunk: sums over the block's warps.
  __device__ __forceinline__ void WriteSums(int begin) const {
    const int threads = static_cast<int>(blockDim.x);
    for (int i = thread_; i < kChunk * 2 * kRow; i += threads) {
      const int n = i % kRow;
      const int which = i / kRow % 2;
      const int t = i / kRow / 2;
      const int row = direction_.At(direction_.read, begin + t);
      if (row < 0 || n >= params_.dstate) continue;
      const float* sums = sums_ + Layout::SumIndex(t, which, n);
      float sum = 0.0F;
      for (int warp = 0; warp < threads / 32; ++warp) sum += sums[warp * kChunk * 2 * kRow];
      if (params_.tiles > 1) {
        const int64_t token = (int64_t{sequence_} * params_.tiles + tile_) * params_.rows + row;
        params_.token_sums[(token * 2 + which) * params_.dstate + n] = sum;
      } else {
        const Tokens<T>& to = which == 0 ? direction_.dB : direction_.dC;
        if (to.data != nullptr) to.Row(b_, row)[n] = cuda::FromFloat<T>(sum);
      }
    }
  }

  __device__ __forceinline__ void WriteChannelSums() const {
    const int width = params_.dstate + 2;
    float* const sums = params_.channel_sums + int64_t{sequence_} * params_.dim * width;
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
      const int channel = Channel(first_own_ + c);
#pragma unroll
      for (int j = 0; j < kStates; ++j) {
        const int n = first_state_ + j;
        if (channel < params_.dim && n < params_.dstate) sums[channel * width + n] = dA_[c][j];
      }
    }
    if (!has_own_) return;
    sums[Channel(own_) * width + params_.dstate] = dD_;
    sums[Channel(own_) * width + params_.dstate + 1] = dbias_;
  }

  const BackwardParams<T>& params_;
  const Layout layout_;
  float* const step_;
  float* const dout_;
  float* const bc_;
  float* const sums_;
  float* const delta_;
  T* const u_;
  T* const weight_;
  const int thread_;
  const int lane_;
  const int tile_;
  const int sequence_;
  const int b_;
  const BackwardDirection<T>& direction_;
  // Of the block's channels: the one that the lane stages and writes, and the first of its pairs.
  const int own_;
  const int first_own_;
  const int first_state_;
  const bool has_own_;  // false also in the other lanes with this channel
  float skip_ = 0.0F;   // D and delta_bias of the own channel
  float bias_ = 0.0F;
  float dD_ = 0.0F;
  float dbias_ = 0.0F;
  // Rows of the chunk's positions, one a lane.
  int read_ = -1;
  int write_ = -1;
  int z_read_ = -1;
  float A_[kChannels][kStates];  // in units that exp2 takes
  float dh_[kChannels][kStates];
  float dA_[kChannels][kStates];
};

// Grid: tiles of channels * batch * directions.
template <class T, int kStates, bool kHasZ>
__global__ void __launch_bounds__(kMaxBackwardWarps * 32, 2)
    ScanBackwardKernel(const __grid_constant__ BackwardParams<T> params) {
  extern __shared__ __align__(16) char backward_memory[];
  ScanBackward<T, kStates, kHasZ>(params, backward_memory).Run();
}

// dB and dC of several tiles. Grid: (blocks, sequences).
template <class T>
__global__ void SumTilesKernel(const __grid_constant__ BackwardParams<T> params) {
  const int sequence = static_cast<int>(blockIdx.y);
  const BackwardDirection<T>& direction = params.directions[sequence / params.batch];
  const int width = 2 * params.dstate;
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int row = i / width;
  if (row >= direction.rows) return;
  const float* sums =
      params.token_sums + int64_t{sequence} * params.tiles * params.rows * width + i;
  float sum = 0.0F;
  for (int tile = 0; tile < params.tiles; ++tile) {
    sum += sums[int64_t{tile} * params.rows * width];
  }
  const int n = i % width;
  const Tokens<T>& to = n < params.dstate ? direction.dB : direction.dC;
  if (to.data == nullptr) return;
  to.Row(sequence % params.batch, row)[n % params.dstate] = cuda::FromFloat<T>(sum);
}

// dA, dD and ddelta_bias: sums over the batch. Grid: (blocks, directions).
template <class T>
__global__ void SumBatchKernel(const __grid_constant__ BackwardParams<T> params) {
  const BackwardDirection<T>& direction = params.directions[blockIdx.y];
  const int width = params.dstate + 2;
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= params.dim * width) return;
  const float* sums =
      params.channel_sums + int64_t{blockIdx.y} * params.batch * params.dim * width + i;
  float sum = 0.0F;
  for (int b = 0; b < params.batch; ++b) sum += sums[int64_t{b} * params.dim * width];
  const int channel = i / width;
  const int n = i % width;
  if (n < params.dstate) {
    if (direction.dA != nullptr) direction.dA[channel * direction.da_row + n] = sum;
  } else {
    float* const to = n == params.dstate ? direction.dD : direction.ddelta_bias;
    if (to != nullptr) to[channel] = sum;
  }
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_CUDA_CUH_
