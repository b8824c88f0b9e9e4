// All directions in one launch. A thread walks a run of positions of some neighbouring channels,
// kAtATime at a time with the inputs of the next ones under way, and keeps the last inputs and
// gradients of the pre-activation in registers. The gradient of an input is complete kTaps - 1
// positions later, so a run looks that far beyond its end. A run leaves its sums for dweight and
// dbias to a second kernel. The fast form has 4 taps and whole vectors of channels; the plain one a
// channel a thread and weights filled up with zeros in front.
#include <algorithm>

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation_gradient.cuh"
#include "kernels/scan/scan_order.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kAtATime = 4;  // positions
constexpr int kFastTaps = 4;
constexpr int kFastWidth = 2;    // channels a thread
constexpr int kSumColumns = 32;  // of a block of SumRunsKernel
constexpr int kSumRows = 8;

template <class T>
struct DirectionParams {
  const T* x;
  const int32_t* read;  // may be null, as may bias and the gradients
  const float* weight;
  const float* bias;
  const T* du;
  T* dx;
  float* dweight;
  float* dbias;
  int64_t x_image, x_row, du_image, du_row, dx_image, dx_row;  // strides
  int64_t weight_row, dweight_row;
  int length;  // Ls
};

template <class T>
struct ConvBackwardParams {
  DirectionParams<T> directions[kMaxScanDirections];
  int images, channels, taps;
  int run;  // positions a thread, a multiple of kAtATime
  int runs;
  Activation activation;
  float* sums;  // (direction, image, run, channel, taps + 1): dweight and dbias
};

// kWidth neighbouring elements, zeros if !has.
template <int kWidth, class T>
__device__ __forceinline__ void Load(const T* from, bool has, float (&values)[kWidth]) {
  if constexpr (kWidth == 1) {
    values[0] = has ? ToFloat(*from) : 0.0F;
  } else {
    LoadUpTo<true, kWidth>(from, has ? kWidth : 0, values);
  }
}

template <int kWidth, class T>
__device__ __forceinline__ void Store(const float (&values)[kWidth], T* to) {
  if constexpr (kWidth == 1) {
    *to = FromFloat<T>(values[0]);
  } else {
    StoreVector(values, to);
  }
}

template <class T, int kTaps, int kWidth>
__global__ void __launch_bounds__(kThreads, 5)
    ConvBackwardKernel(const __grid_constant__ ConvBackwardParams<T> params) {
  constexpr int kTail = kTaps - 1;
  const DirectionParams<T>& direction = params.directions[blockIdx.y];
  const unsigned vectors = params.channels / kWidth;
  unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const int channel = static_cast<int>(index % vectors) * kWidth;
  index /= vectors;
  const int run = static_cast<int>(index % params.runs);
  const int64_t image = index / params.runs;
  if (image >= params.images) return;
  const int begin = run * params.run;
  const int end = min(begin + params.run, direction.length);

  const T* x = direction.x + image * direction.x_image + channel;
  const T* du = direction.du + image * direction.du_image + channel;
  T* dx = direction.dx == nullptr ? nullptr : direction.dx + image * direction.dx_image + channel;
  const auto row_at = [&](int t) {
    if (t < 0 || t >= direction.length) return -1;
    return direction.read == nullptr ? t : direction.read[t];
  };
  const auto load_x = [&](int row, float(&values)[kWidth]) {
    Load<kWidth>(x + int64_t{max(row, 0)} * direction.x_row, row >= 0, values);
  };

  float weight[kWidth][kTaps];
  float bias[kWidth];
  float dweight[kWidth][kTaps] = {};
  float dbias[kWidth] = {};
#pragma unroll
  for (int c = 0; c < kWidth; ++c) {
    bias[c] = direction.bias == nullptr ? 0.0F : direction.bias[channel + c];
#pragma unroll
    for (int k = 0; k < kTaps; ++k) {
      const int tap = k - (kTaps - params.taps);
      weight[c][k] = tap < 0 ? 0.0F : direction.weight[(channel + c) * direction.weight_row + tap];
    }
  }
  // Entry i belongs to position t - kTail + i.
  float inputs[kTail + kAtATime][kWidth];
  float dpre[kTail + kAtATime][kWidth] = {};
  int rows[kTail + kAtATime];
#pragma unroll
  for (int i = 0; i < kTail; ++i) {
    rows[i] = row_at(begin - kTail + i);
    load_x(rows[i], inputs[i]);
  }
  int next_rows[kAtATime];
  float next_inputs[kAtATime][kWidth];
  float next_du[kAtATime][kWidth];
  const auto load = [&](int t) {
#pragma unroll
    for (int i = 0; i < kAtATime; ++i) next_rows[i] = row_at(t + i);
#pragma unroll
    for (int i = 0; i < kAtATime; ++i) {
      load_x(next_rows[i], next_inputs[i]);
      const bool in = t + i < direction.length;
      Load<kWidth>(du + int64_t{in ? t + i : 0} * direction.du_row, in, next_du[i]);
    }
  };
  load(begin);
  for (int t = begin; t < end + kTail; t += kAtATime) {
    float gradients[kAtATime][kWidth];
#pragma unroll
    for (int i = 0; i < kAtATime; ++i) {
      rows[kTail + i] = next_rows[i];
#pragma unroll
      for (int c = 0; c < kWidth; ++c) {
        inputs[kTail + i][c] = next_inputs[i][c];
        gradients[i][c] = next_du[i][c];
      }
    }
    if (t + kAtATime < end + kTail) load(t + kAtATime);
#pragma unroll
    for (int i = 0; i < kAtATime; ++i) {
      float gradient[kWidth];
#pragma unroll
      for (int c = 0; c < kWidth; ++c) {
        float pre = bias[c];
#pragma unroll
        for (int k = 0; k < kTaps; ++k) pre = fmaf(weight[c][k], inputs[i + k][c], pre);
        dpre[kTail + i][c] = gradients[i][c] * ActivationGradient(params.activation, pre);
        const float own = t + i < end ? dpre[kTail + i][c] : 0.0F;
        dbias[c] += own;
        gradient[c] = 0.0F;
#pragma unroll
        for (int k = 0; k < kTaps; ++k) {
          dweight[c][k] = fmaf(own, inputs[i + k][c], dweight[c][k]);
          gradient[c] = fmaf(weight[c][k], dpre[kTail + i - k][c], gradient[c]);
        }
      }
      const int position = t + i - kTail;
      if (dx != nullptr && position >= begin && position < end && rows[i] >= 0) {
        Store<kWidth>(gradient, dx + int64_t{rows[i]} * direction.dx_row);
      }
    }
#pragma unroll
    for (int i = 0; i < kTail; ++i) {
      rows[i] = rows[kAtATime + i];
#pragma unroll
      for (int c = 0; c < kWidth; ++c) {
        inputs[i][c] = inputs[kAtATime + i][c];
        dpre[i][c] = dpre[kAtATime + i][c];
      }
    }
  }

  const int64_t row = (int64_t{blockIdx.y} * params.images + image) * params.runs + run;
  float* sums = params.sums + (row * params.channels + channel) * (params.taps + 1);
#pragma unroll
  for (int c = 0; c < kWidth; ++c) {
#pragma unroll
    for (int k = 0; k < kTaps; ++k) {
      if (k >= kTaps - params.taps) *sums++ = dweight[c][k];
    }
    *sums++ = dbias[c];
  }
}

// dweight and dbias: sums over images and runs. Grid: (blocks of kSumColumns, directions).
template <class T>
__global__ void SumRunsKernel(const __grid_constant__ ConvBackwardParams<T> params) {
  __shared__ float partial[kSumRows][kSumColumns];
  const DirectionParams<T>& direction = params.directions[blockIdx.y];
  const int columns = params.channels * (params.taps + 1);
  const int column = static_cast<int>(blockIdx.x * kSumColumns + threadIdx.x);
  const int rows = params.images * params.runs;
  float sum = 0.0F;
  if (column < columns) {
    const float* sums = params.sums + int64_t{blockIdx.y} * rows * columns + column;
#pragma unroll 4
    for (int row = static_cast<int>(threadIdx.y); row < rows; row += kSumRows) {
      sum += sums[int64_t{row} * columns];
    }
  }
  partial[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= columns) return;
  for (int i = 1; i < kSumRows; ++i) sum += partial[i][threadIdx.x];
  const int channel = column / (params.taps + 1);
  const int tap = column % (params.taps + 1);
  if (tap == params.taps) {
    if (direction.dbias != nullptr) direction.dbias[channel] = sum;
  } else if (direction.dweight != nullptr) {
    direction.dweight[channel * direction.dweight_row + tap] = sum;
  }
}

struct ConvBackwardScratch {};

template <class T, int kTaps, int kWidth>
absl::Status Launch(ConvBackwardParams<T> params, int64_t directions, int64_t length,
                    Stream& stream) {
  const int64_t vectors = int64_t{params.images} * (params.channels / kWidth);
  // Each run reads 2 (kTaps - 1) positions around its own, so runs are long, unless too few threads
  // would be left to fill the device.
  const int64_t positions =
      vectors * directions * length / (int64_t{1024} * MultiprocessorCount(stream));
  params.run = static_cast<int>(std::clamp<int64_t>(positions / kAtATime, 1, 16)) * kAtATime;
  params.runs = static_cast<int>(DivideUp(std::max<int64_t>(length, 1), params.run));
  const int64_t columns = int64_t{params.channels} * (params.taps + 1);
  const int64_t sums = directions * params.images * params.runs * columns;
  LM_ASSIGN_OR_RETURN(void* scratch, GetScratch<ConvBackwardScratch>(
                                         static_cast<size_t>(sums) * sizeof(float), stream));
  params.sums = static_cast<float*>(scratch);
  const cudaStream_t handle = Activate(stream);
  if (vectors > 0) {
    const dim3 blocks(BlockCount(vectors * params.runs, kThreads),
                      static_cast<unsigned>(directions));
    ConvBackwardKernel<T, kTaps, kWidth><<<blocks, kThreads, 0, handle>>>(params);
  }
  const dim3 blocks(BlockCount(columns, kSumColumns), static_cast<unsigned>(directions));
  SumRunsKernel<T><<<blocks, dim3(kSumColumns, kSumRows), 0, handle>>>(params);
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

template <class T>
DirectionParams<T> MakeDirection(const CausalConv1dBackwardDirection& s) {
  return {.x = Data<T>(s.x),
          .read = Data<int32_t>(s.read),
          .weight = Data<float>(s.weight),
          .bias = Data<float>(s.bias),
          .du = Data<T>(s.du),
          .dx = Data<T>(s.dx),
          .dweight = Data<float>(s.dweight),
          .dbias = Data<float>(s.dbias),
          .x_image = s.x.stride(0),
          .x_row = s.x.stride(1),
          .du_image = s.du.stride(0),
          .du_row = s.du.stride(1),
          .dx_image = s.dx.empty() ? 0 : s.dx.stride(0),
          .dx_row = s.dx.empty() ? 0 : s.dx.stride(1),
          .weight_row = s.weight.stride(0),
          .dweight_row = s.dweight.empty() ? 0 : s.dweight.stride(0),
          .length = static_cast<int>(s.du.dim(1))};
}

}  // namespace
}  // namespace cuda

absl::Status CausalConv1dBackwardCuda(absl::Span<const CausalConv1dBackwardDirection> directions,
                                      Activation activation, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const ConstTensorView& x = directions[0].x;
  if (x.dim(2) == 0) return absl::OkStatus();
  return DispatchFloat(x.dtype(), [&]<class T>(T) -> absl::Status {
    ConvBackwardParams<T> params = {};
    params.images = static_cast<int>(x.dim(0));
    params.channels = static_cast<int>(x.dim(2));
    params.taps = static_cast<int>(directions[0].weight.dim(1));
    params.activation = activation;
    bool fast = params.taps == kFastTaps;
    int64_t length = 0;
    for (size_t i = 0; i < directions.size(); ++i) {
      const CausalConv1dBackwardDirection& s = directions[i];
      params.directions[i] = MakeDirection<T>(s);
      length = std::max(length, s.du.dim(1));
      fast = fast && IsVectorizable(s.x, kFastWidth) && IsVectorizable(s.du, kFastWidth) &&
             IsVectorizable(s.dx, kFastWidth);
    }
    const auto count = static_cast<int64_t>(directions.size());
    if (fast) return Launch<T, kFastTaps, kFastWidth>(params, count, length, stream);
    return Launch<T, kMaxCausalConvWidth, 1>(params, count, length, stream);
  });
}

}  // namespace localmamba
