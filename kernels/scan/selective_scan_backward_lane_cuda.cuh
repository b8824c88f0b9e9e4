// Which channels and states a lane of the scan's backward has, and what it is given of them.
//
// A lane holds 16 pairs of channel and state: kStates states of 16 / kStates neighbouring channels.
// The four lanes of a quad have all states of their channels between them. So the sums over states
// (for du and dstep) go over four lanes and those over channels (for dB and dC) over the eight
// quads of a warp, which takes about one shuffle a state and position; a channel a lane would take
// two.
//
// One of these channels is the lane's own: what there is once a channel and position is staged,
// summed and written by the first of the lanes that own it.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_LANE_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_LANE_CUDA_CUH_

#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation.cuh"
#include "kernels/scan/selective_scan_backward_math_cuda.cuh"
#include "kernels/scan/selective_scan_backward_params_cuda.cuh"

namespace localmamba::scan_cuda {

template <class T, int kStates, bool kHasZ>
class BackwardLane {
 protected:
  static constexpr int kChunk = kBackwardChunk;
  static constexpr int kGroup = kBackwardGroup;
  static constexpr int kChannels = kLaneChannels<kStates>;
  static constexpr int kOwners = 4 / kChannels;  // lanes of a quad for each of its channels
  static constexpr bool kFast = sizeof(T) == 2;
  using Layout = BackwardLayout<T, kStates>;
  static constexpr int kPitch = Layout::kChannels;
  static constexpr int kRow = Layout::kRow;

  __device__ BackwardLane(const BackwardParams<T>& params, float* memory)
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

  // A and D, and delta_weight for MakeSteps.
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
  // Rows of the chunk's positions, one a lane.
  int read_ = -1;
  int write_ = -1;
  int z_read_ = -1;
  float A_[kChannels][kStates];  // in units that exp2 takes
};

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_LANE_CUDA_CUH_
