// Device side of the backward of the selective scan.
//
// A lane holds 16 pairs of channel and state: kStates states of 16 / kStates neighbouring channels.
// The four lanes of a quad have all states of their channels between them. So the sums over states
// (for du and dstep) go over four lanes and those over channels (for dB and dC) over the eight
// quads of a warp, which takes about one shuffle a state and position; a channel a lane would take
// two.
//
// A block walks its sequence forward once and keeps the states before every chunk in global memory.
// It then takes the chunks in reverse order. Within a chunk it keeps states before every group of
// positions (local memory, which the first-level cache holds in part), and within a group before
// every position, in registers. So a state is computed three times and its decay four times: that
// is cheaper than moving all states through memory, and needs little of it.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_CUDA_CUH_

#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation_gradient.cuh"
#include "kernels/scan/selective_scan_backward_math_cuda.cuh"
#include "kernels/scan/selective_scan_backward_params_cuda.cuh"

namespace localmamba::scan_cuda {

template <class T, int kStates, bool kHasZ>
class ScanBackward {
 public:
  static constexpr int kChunk = kBackwardChunk;
  static constexpr int kGroup = kBackwardGroup;
  static constexpr int kChannels = kLaneChannels<kStates>;
  static constexpr int kOwners = 4 / kChannels;  // lanes of a quad for each of its channels
  static constexpr bool kFast = sizeof(T) == 2;
  using Layout = BackwardLayout<T, kStates>;
  static constexpr int kPitch = Layout::kChannels;
  static constexpr int kRow = Layout::kRow;

  __device__ ScanBackward(const BackwardParams<T>& params, float* memory)
      : params_(params),
        thread_(static_cast<int>(threadIdx.x)),
        lane_(thread_ % 32),
        tile_(static_cast<int>(blockIdx.x) % params.tiles),
        sequence_(static_cast<int>(blockIdx.x) / params.tiles),
        b_(sequence_ % params.batch),
        direction_(params.directions[sequence_ / params.batch]),
        first_state_(lane_ % 4 * kStates),
        memory_(memory),
        warp_(memory + thread_ / 32 * Layout::kWarp),
        own_(warp_ + lane_ / kOwners),
        quad_(warp_ + lane_ / 4 * kChannels),
        bc_(memory + static_cast<int>(blockDim.x) / 32 * Layout::kWarp),
        channel_((tile_ * static_cast<int>(blockDim.x) + thread_) / 32 * kPitch + lane_ / kOwners),
        first_channel_(channel_ - lane_ % 4 / kOwners),
        has_own_(lane_ % kOwners == 0 && channel_ < params.dim) {}

  __device__ __forceinline__ void Run() {
    LoadParameters();
    const int chunks = (direction_.length + kChunk - 1) / kChunk;
    float h[kChannels][kStates] = {};
#pragma unroll 1
    for (int chunk = 0; chunk < chunks; ++chunk) {
      if (chunk > 0) StoreStart(chunk, h);
      StageStates</*kGradients=*/false>(chunk * kChunk);
      StageDelta(chunk * kChunk);
      __syncthreads();
      MakeSteps(chunk * kChunk);
      __syncwarp();
      if (chunk + 1 < chunks) {
#pragma unroll 4
        for (int t = 0; t < kChunk; ++t) Advance(t, h);
      }
      __syncthreads();
    }
#pragma unroll 1
    for (int chunk = chunks - 1; chunk >= 0; --chunk) {
      StageStates</*kGradients=*/true>(chunk * kChunk);
      StageTokens(chunk * kChunk);
      LoadStart(chunk, h);
      __syncthreads();
      WalkChunk(chunk * kChunk, h);
      __syncthreads();
      WriteSums(chunk * kChunk);
    }
    WriteChannelSums();
  }

 private:
  __device__ __forceinline__ void LoadParameters() {
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
      const int channel = first_channel_ + c;
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
    if (has_own_) skip_ = direction_.D == nullptr ? 0.0F : direction_.D[channel_];
    if (params_.rank > Layout::kMaxSharedRank || lane_ % kOwners != 0) return;
    for (int r = 0; r < params_.rank; ++r) {
      SharedWeight()[r * kPitch] =
          has_own_ ? direction_.delta_weight[channel_ * direction_.weight_row + r]
                   : cuda::FromFloat<T>(0.0F);
    }
  }

  // Of the lane's own channel.
  __device__ __forceinline__ T* SharedWeight() const {
    return reinterpret_cast<T*>(warp_ + Layout::kWeight) + lane_ / kOwners;
  }

  // Rows that the chunk's positions read and write, one a lane, and their B and C, for the block.
  template <bool kGradients>
  __device__ __forceinline__ void StageStates(int begin) {
    read_ = direction_.At(direction_.read, begin + lane_);
    if constexpr (kGradients) {
      write_ = direction_.At(direction_.write, begin + lane_);
      if constexpr (kHasZ) z_read_ = direction_.At(direction_.z_read, begin + lane_);
    }
    for (int i = thread_; i < kChunk * kRow; i += static_cast<int>(blockDim.x)) {
      const int t = i / kRow;
      const int n = i % kRow;
      const int row = direction_.At(direction_.read, begin + t);
      const bool has = row >= 0 && n < params_.dstate;
      bc_[t * 2 * kRow + n] = has ? cuda::ToFloat(direction_.B.Channel(b_, n)[row]) : 0.0F;
      if constexpr (kGradients) {
        bc_[t * 2 * kRow + kRow + n] = has ? cuda::ToFloat(direction_.C.Channel(b_, n)[row]) : 0.0F;
      }
    }
  }

  // Rows of delta, for the block, if there is delta_weight.
  __device__ __forceinline__ void StageDelta(int begin) const {
    float* const delta = memory_ + Layout::Delta(static_cast<int>(blockDim.x) / 32);
    for (int i = thread_; i < kChunk * params_.rank; i += static_cast<int>(blockDim.x)) {
      const int t = i / params_.rank;
      const int r = i % params_.rank;
      const int row = direction_.At(direction_.read, begin + t);
      delta[r * kChunk + t] = row >= 0 ? cuda::ToFloat(direction_.delta.Channel(b_, r)[row]) : 0.0F;
    }
  }

  // Delta and Delta * u of the lane's own channel; Delta also for the way back. Positions past the
  // end have steps of 0, which leave states and their gradients as they are.
  __device__ __forceinline__ void MakeSteps(int begin) const {
    constexpr int kAtATime = 8;
    const float* const delta = memory_ + Layout::Delta(static_cast<int>(blockDim.x) / 32);
    const ChannelRows<const T> u_rows = direction_.u.Channel(b_, channel_);
    const ChannelRows<const T> delta_rows = direction_.delta.Channel(b_, channel_);
    const float bias =
        has_own_ && direction_.delta_bias != nullptr ? direction_.delta_bias[channel_] : 0.0F;
    const ChannelRows<float> steps = Steps(begin);
#pragma unroll 1
    for (int t = 0; t < kChunk; t += kAtATime) {
      float u[kAtATime];
      float step[kAtATime];
#pragma unroll
      for (int i = 0; i < kAtATime; ++i) {
        const int row = __shfl_sync(kAllLanes, read_, t + i);
        const bool has = row >= 0 && has_own_;
        u[i] = has ? cuda::ToFloat(u_rows[row]) : 0.0F;
        step[i] = bias;
        if (params_.rank == 0 && has) step[i] += cuda::ToFloat(delta_rows[row]);
      }
#pragma unroll 1
      for (int r = 0; r < params_.rank; ++r) {
        float weight = 0.0F;
        if (params_.rank <= Layout::kMaxSharedRank) {
          weight = cuda::ToFloat(SharedWeight()[r * kPitch]);
        } else if (has_own_) {
          weight = cuda::ToFloat(direction_.delta_weight[channel_ * direction_.weight_row + r]);
        }
        float row[kAtATime];
        cuda::LoadVector(delta + r * kChunk + t, row);
#pragma unroll
        for (int i = 0; i < kAtATime; ++i) step[i] = fmaf(weight, row[i], step[i]);
      }
      if (lane_ % kOwners != 0) continue;
#pragma unroll
      for (int i = 0; i < kAtATime; ++i) {
        if (params_.softplus) step[i] = StepOf<kFast>(step[i]);
        if (!has_own_ || begin + t + i >= direction_.length) step[i] = 0.0F;
        own_[Layout::kStep + (t + i) * kPitch] = step[i];
        own_[Layout::kInput + (t + i) * kPitch] = step[i] * u[i];
        if (has_own_) steps[t + i] = step[i];
      }
    }
  }

  // Where Delta of the lane's own channel is kept, from position `begin` on.
  __device__ __forceinline__ ChannelRows<float> Steps(int begin) const {
    const int64_t position = int64_t{sequence_} * params_.chunks * kChunk + begin;
    return {params_.steps + position * params_.dim + channel_,
            params_.dim * static_cast<int>(sizeof(float))};
  }

  // Delta, Delta * u and dout of the lane's own channel.
  __device__ __forceinline__ void StageTokens(int begin) {
    const ChannelRows<const T> u_rows = direction_.u.Channel(b_, channel_);
    const ChannelRows<const T> dy_rows = direction_.dy.Channel(b_, channel_);
    const ChannelRows<const T> z_rows = direction_.z.Channel(b_, channel_);
    const ChannelRows<float> steps = Steps(begin);
#pragma unroll 8
    for (int t = 0; t < kChunk; ++t) {
      const int row = __shfl_sync(kAllLanes, read_, t);
      const int target = __shfl_sync(kAllLanes, write_, t);
      const float step = has_own_ ? steps[t] : 0.0F;
      const float u = row >= 0 && has_own_ ? cuda::ToFloat(u_rows[row]) : 0.0F;
      float dout = target >= 0 && has_own_ ? cuda::ToFloat(dy_rows[target]) : 0.0F;
      if constexpr (kHasZ) {
        const int z_row = __shfl_sync(kAllLanes, z_read_, t);
        if (direction_.z.data != nullptr) {
          dout *= z_row >= 0 && has_own_ ? cuda::Silu(cuda::ToFloat(z_rows[z_row])) : 0.0F;
        }
      }
      dD_ = fmaf(dout, u, dD_);
      if (lane_ % kOwners != 0) continue;
      own_[Layout::kStep + t * kPitch] = step;
      own_[Layout::kInput + t * kPitch] = step * u;
      own_[Layout::kDout + t * kPitch] = dout;
    }
  }

  __device__ __forceinline__ float4* Start(int chunk) const {
    const int64_t row =
        (int64_t{sequence_} * params_.chunks + chunk) * params_.dim + first_channel_;
    return reinterpret_cast<float4*>(params_.starts + row * kRow + first_state_);
  }
  __device__ __forceinline__ void StoreStart(int chunk,
                                             const float (&h)[kChannels][kStates]) const {
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
      if (first_channel_ + c >= params_.dim) break;
#pragma unroll
      for (int j = 0; j < kStates; j += 4) {
        Start(chunk)[(c * kRow + j) / 4] =
            make_float4(h[c][j], h[c][j + 1], h[c][j + 2], h[c][j + 3]);
      }
    }
  }
  __device__ __forceinline__ void LoadStart(int chunk, float (&h)[kChannels][kStates]) const {
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
      const bool has = chunk > 0 && first_channel_ + c < params_.dim;
#pragma unroll
      for (int j = 0; j < kStates; j += 4) {
        const float4 four = has ? Start(chunk)[(c * kRow + j) / 4] : float4{};
        h[c][j] = four.x, h[c][j + 1] = four.y, h[c][j + 2] = four.z, h[c][j + 3] = four.w;
      }
    }
  }

  // What the lane needs of position t of the chunk: of its channels, and of its states.
  __device__ __forceinline__ void LoadChannels(int array, int t, float (&to)[kChannels]) const {
    cuda::LoadVector(quad_ + array + t * kPitch, to);
  }
  __device__ __forceinline__ void LoadStates(int which, int t, float (&to)[kStates]) const {
    cuda::LoadVector(bc_ + (t * 2 + which) * kRow + first_state_, to);
  }

  // States after position t of the chunk.
  __device__ __forceinline__ void Advance(int t, float (&h)[kChannels][kStates]) const {
    float step[kChannels];
    float input[kChannels];
    float B[kStates];
    LoadChannels(Layout::kStep, t, step);
    LoadChannels(Layout::kInput, t, input);
    LoadStates(0, t, B);
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
#pragma unroll
      for (int j = 0; j < kStates; ++j) {
        h[c][j] = fmaf(Exp2(step[c] * A_[c][j]), h[c][j], input[c] * B[j]);
      }
    }
  }

  // The lane's states of one position, as they lie in local memory.
  using Saved = float4[kLanePairs / 4];
  static __device__ __forceinline__ void Save(const float (&h)[kChannels][kStates], Saved& to) {
#pragma unroll
    for (int i = 0; i < kLanePairs / 4; ++i) {
      const float* four = &h[i * 4 / kStates][i * 4 % kStates];
      to[i] = make_float4(four[0], four[1], four[2], four[3]);
    }
  }
  static __device__ __forceinline__ void Restore(const Saved& from,
                                                 float (&h)[kChannels][kStates]) {
#pragma unroll
    for (int i = 0; i < kLanePairs / 4; ++i) {
      float* four = &h[i * 4 / kStates][i * 4 % kStates];
      four[0] = from[i].x, four[1] = from[i].y, four[2] = from[i].z, four[3] = from[i].w;
    }
  }

  // The chunk's gradients; h: the states before it.
  __device__ __forceinline__ void WalkChunk(int begin, float (&h)[kChannels][kStates]) {
    Saved saved[kChunk / kGroup];  // before each group
    const int groups = (min(kChunk, direction_.length - begin) + kGroup - 1) / kGroup;
    Save(h, saved[0]);
#pragma unroll 1
    for (int group = 1; group < groups; ++group) {
#pragma unroll
      for (int i = 0; i < kGroup; ++i) Advance((group - 1) * kGroup + i, h);
      Save(h, saved[group]);
    }
#pragma unroll 1
    for (int group = groups - 1; group >= 0; --group) {
      WalkGroup(begin, group * kGroup, saved[max(group - 1, 0)], h);
    }
  }

  // Positions first ... first + kGroup - 1 of the chunk. h: the states before them, in the end
  // those that `previous` holds.
  __device__ __forceinline__ void WalkGroup(int begin, int first, const Saved& previous,
                                            float (&h)[kChannels][kStates]) {
    // Of the own channel, loaded long before they are needed.
    T u[kGroup];
    T z[kGroup];
    T dy[kGroup];
    LoadInputs(first, u);
    if constexpr (kHasZ) LoadGates(first, z, dy);
    float outs[kGroup];
    float before[kGroup][kChannels][kStates];
    // Forward: states, outputs for dz, and dC.
#pragma unroll
    for (int i = 0; i < kGroup; i += 2) {
      float dC[2 * kStates] = {};
#pragma unroll
      for (int k = 0; k < 2; ++k) {
        const int t = first + i + k;
        float C[kStates];
        float dout[kChannels];
        float sums[kChannels] = {};
        LoadStates(1, t, C);
        LoadChannels(Layout::kDout, t, dout);
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
          outs[i + k] = fmaf(skip_, cuda::ToFloat(u[i + k]), sums[0]);
        }
      }
      StoreSums(first + i, 1, dC);
    }
    if constexpr (kHasZ) WriteGateGradients(first, outs, z, dy);
    Restore(previous, h);
    // Back.
#pragma unroll
    for (int i = kGroup - 2; i >= 0; i -= 2) {
      float dB[2 * kStates] = {};
      float decay_sums[2];  // over the states of the own channel
      float input_sums[2];
#pragma unroll
      for (int k = 1; k >= 0; --k) {
        const int t = first + i + k;
        float step[kChannels];
        float input[kChannels];
        float dout[kChannels];
        float B[kStates];
        float C[kStates];
        float decayed_sums[kChannels] = {};
        float gradient_sums[kChannels] = {};
        LoadChannels(Layout::kStep, t, step);
        LoadChannels(Layout::kInput, t, input);
        LoadChannels(Layout::kDout, t, dout);
        LoadStates(0, t, B);
        LoadStates(1, t, C);
#pragma unroll
        for (int c = 0; c < kChannels; ++c) {
#pragma unroll
          for (int j = 0; j < kStates; ++j) {
            const float gradient = fmaf(C[j], dout[c], dh_[c][j]);
            dB[k * kStates + j] = fmaf(input[c], gradient, dB[k * kStates + j]);
            gradient_sums[c] = fmaf(B[j], gradient, gradient_sums[c]);
            dh_[c][j] = gradient * Exp2(step[c] * A_[c][j]);
            const float decayed = dh_[c][j] * before[i + k][c][j];
            decayed_sums[c] = fmaf(decayed, A_[c][j], decayed_sums[c]);
            dA_[c][j] = fmaf(decayed, step[c], dA_[c][j]);
          }
        }
        SumOverLanes<2, 1, kChannels>(decayed_sums);
        SumOverLanes<2, 1, kChannels>(gradient_sums);
        decay_sums[k] = decayed_sums[0];
        input_sums[k] = gradient_sums[0];
      }
      StoreSums(first + i, 0, dB);
      const T pair[2] = {u[i], u[i + 1]};
      WriteTokens(begin, first + i, pair, decay_sums, input_sums);
    }
  }

  // u of the lane's own channel.
  __device__ __forceinline__ void LoadInputs(int first, T (&u)[kGroup]) const {
    const ChannelRows<const T> rows = direction_.u.Channel(b_, channel_);
#pragma unroll
    for (int i = 0; i < kGroup; ++i) {
      const int row = __shfl_sync(kAllLanes, read_, first + i);
      u[i] = row >= 0 && has_own_ ? rows[row] : cuda::FromFloat<T>(0.0F);
    }
  }

  // z and the gradient of the gated output, of the lane's own channel.
  __device__ __forceinline__ void LoadGates(int first, T (&z)[kGroup], T (&dy)[kGroup]) const {
    const ChannelRows<const T> z_rows = direction_.z.Channel(b_, channel_);
    const ChannelRows<const T> dy_rows = direction_.dy.Channel(b_, channel_);
    const bool has = direction_.dz.data != nullptr && has_own_;
#pragma unroll
    for (int i = 0; i < kGroup; ++i) {
      const int row = __shfl_sync(kAllLanes, z_read_, first + i);
      const int target = __shfl_sync(kAllLanes, write_, first + i);
      z[i] = row >= 0 && has ? z_rows[row] : cuda::FromFloat<T>(0.0F);
      dy[i] = target >= 0 && has ? dy_rows[target] : cuda::FromFloat<T>(0.0F);
    }
  }

  // Adds up dB or dC of positions t and t + 1 over the warp's channels.
  __device__ __forceinline__ void StoreSums(int t, int which, float (&v)[2 * kStates]) const {
    SumOverLanes<16, 4, 2 * kStates>(v);
    constexpr int kMine = kStates / 4;
#pragma unroll
    for (int i = 0; i < kMine; ++i) {
      const int element = lane_ / 4 * kMine + i;
      warp_[Layout::kSums + Layout::SumIndex(t, which, 0) + element / kStates * kRow +
            first_state_ + element % kStates] = v[i];
    }
  }

  // du and dstep of the lane's own channel at positions first and first + 1.
  __device__ __forceinline__ void WriteTokens(int begin, int first, const T (&u)[2],
                                              const float (&decay_sums)[2],
                                              const float (&input_sums)[2]) {
    constexpr float kLn2 = 0.6931471805599453F;  // A_ holds A / ln 2
    const ChannelRows<T> du_rows = direction_.du.Channel(b_, channel_);
    const ChannelRows<T> dstep_rows = direction_.dstep.Channel(b_, channel_);
    const bool with_du = direction_.du.data != nullptr;
    const bool with_dstep = direction_.dstep.data != nullptr;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const int t = first + i;
      const int row = __shfl_sync(kAllLanes, read_, t);
      // Past the end and in lanes without a channel of their own, what follows is not used.
      const float step = own_[Layout::kStep + t * kPitch];
      const float dout = own_[Layout::kDout + t * kPitch];
      float dstep = fmaf(cuda::ToFloat(u[i]), input_sums[i], decay_sums[i] * kLn2);
      if (params_.softplus) dstep *= SlopeOf<kFast>(step);
      const bool in = has_own_ && begin + t < direction_.length;
      if (in) dbias_ += dstep;
      if (in && row >= 0 && with_du) {
        du_rows[row] = cuda::FromFloat<T>(fmaf(step, input_sums[i], skip_ * dout));
      }
      if (in && row >= 0 && with_dstep) dstep_rows[row] = cuda::FromFloat<T>(dstep);
    }
  }

  // dz of the lane's own channel at positions first ... first + kGroup - 1, from the outputs before
  // the gate.
  __device__ __forceinline__ void WriteGateGradients(int first, const float (&outs)[kGroup],
                                                     const T (&z)[kGroup],
                                                     const T (&dy)[kGroup]) const {
    const ChannelRows<T> dz_rows = direction_.dz.Channel(b_, channel_);
    const bool with_dz = direction_.dz.data != nullptr && has_own_;
#pragma unroll
    for (int i = 0; i < kGroup; ++i) {
      const int row = __shfl_sync(kAllLanes, z_read_, first + i);
      const float dz = cuda::ToFloat(dy[i]) * outs[i] * cuda::SiluGradient(cuda::ToFloat(z[i]));
      if (with_dz && row >= 0) dz_rows[row] = cuda::FromFloat<T>(dz);
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
      const float* sums = memory_ + Layout::kSums + Layout::SumIndex(t, which, n);
      float sum = 0.0F;
      for (int warp = 0; warp < threads / 32; ++warp) sum += sums[warp * Layout::kWarp];
      if (params_.tiles > 1) {
        const int64_t token = (int64_t{sequence_} * params_.tiles + tile_) * params_.rows + row;
        params_.token_sums[(token * 2 + which) * params_.dstate + n] = sum;
      } else {
        const Tokens<T>& to = which == 0 ? direction_.dB : direction_.dC;
        if (to.data != nullptr) to.Channel(b_, n)[row] = cuda::FromFloat<T>(sum);
      }
    }
  }

  __device__ __forceinline__ void WriteChannelSums() const {
    const int width = params_.dstate + 2;
    float* const sums = params_.channel_sums + int64_t{sequence_} * params_.dim * width;
#pragma unroll
    for (int c = 0; c < kChannels; ++c) {
      const int channel = first_channel_ + c;
#pragma unroll
      for (int j = 0; j < kStates; ++j) {
        const int n = first_state_ + j;
        if (channel < params_.dim && n < params_.dstate) sums[channel * width + n] = dA_[c][j];
      }
    }
    if (!has_own_) return;
    sums[channel_ * width + params_.dstate] = dD_;
    sums[channel_ * width + params_.dstate + 1] = dbias_;
  }

  const BackwardParams<T>& params_;
  const int thread_;
  const int lane_;
  const int tile_;
  const int sequence_;
  const int b_;
  const BackwardDirection<T>& direction_;
  const int first_state_;  // of the lane's
  // Shared memory: the block's, the warp's, at the lane's own channel, at the first of its pairs,
  // and B and C.
  float* const memory_;
  float* const warp_;
  float* const own_;
  float* const quad_;
  float* const bc_;
  const int channel_;        // the one that the lane stages and writes
  const int first_channel_;  // of its pairs
  const bool has_own_;       // false also in the other lanes with this channel
  float skip_ = 0.0F;        // D of the own channel
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
  extern __shared__ __align__(16) float backward_memory[];
  ScanBackward<T, kStates, kHasZ>(params, backward_memory).Run();
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_CUDA_CUH_
