// Device side of the backward of the selective scan. What a lane has: BackwardLane.
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
#include "kernels/scan/selective_scan_backward_lane_cuda.cuh"

namespace localmamba::scan_cuda {

template <class T, int kStates, bool kHasZ>
class ScanBackward : BackwardLane<T, kStates, kHasZ> {
 public:
  __device__ ScanBackward(const BackwardParams<T>& params, float* memory) : Lane(params, memory) {}

  __device__ __forceinline__ void Run() {
    LoadParameters();
    const int chunks = (direction_.length + kChunk - 1) / kChunk;
    float h[kChannels][kStates] = {};
#pragma unroll 1
    for (int chunk = 0; chunk < chunks; ++chunk) {
      if (chunk > 0) StoreStart(chunk, h);
      Lane::template StageStates</*kGradients=*/false>(chunk * kChunk);
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
      Lane::template StageStates</*kGradients=*/true>(chunk * kChunk);
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
  using Lane = BackwardLane<T, kStates, kHasZ>;
  using Lane::A_, Lane::Advance, Lane::LoadChannels, Lane::LoadGates, Lane::LoadInputs;
  using Lane::first_channel_, Lane::first_state_, Lane::has_own_, Lane::kChannels, Lane::kChunk;
  using Lane::kFast, Lane::kGroup, Lane::kPitch, Lane::kRow, Lane::lane_, Lane::memory_;
  using Lane::LoadParameters, Lane::LoadStart, Lane::LoadStates, Lane::MakeSteps, Lane::StageDelta;
  using Lane::own_, Lane::params_, Lane::read_, Lane::sequence_, Lane::skip_, Lane::thread_;
  using Lane::StageTokens, Lane::StoreStart, Lane::b_, Lane::channel_, Lane::dD_, Lane::direction_;
  using Lane::tile_, Lane::warp_, Lane::write_, Lane::z_read_;
  using typename Lane::Layout;

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

  float dbias_ = 0.0F;  // of the own channel
  float dh_[kChannels][kStates] = {};
  float dA_[kChannels][kStates] = {};
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
