// All directions in one launch. With 4 taps a thread makes a run of positions of 4 channels and
// keeps the last 3 inputs in registers, so that it reads each input once; it takes 4 positions at a
// time, the inputs of the next 4 under way. Any other number of taps, and rows that are not whole
// vectors, take a plain kernel.
#include <algorithm>

#include "kernels/conv/backends.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation.cuh"
#include "kernels/scan/scan_order.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kTaps = 4;
constexpr int kAtATime = 4;  // positions
constexpr int kWidth = 4;    // channels a thread

template <class T>
struct DirectionParams {
  const T* x;
  const int32_t* read;  // may be null, as may bias
  const float* weight;
  const float* bias;
  T* u;
  int64_t x_image_stride, x_row_stride, weight_stride;
  int length;  // Ls
};

template <class T>
struct CausalConvParams {
  DirectionParams<T> directions[kMaxScanDirections];
  int images, channels, taps;
  int run;  // positions a thread, a multiple of kAtATime
  int runs;
  Activation activation;
};

// The row read at position t, or -1 for zeros.
template <class T>
__device__ __forceinline__ int RowAt(const DirectionParams<T>& direction, int t) {
  if (t < 0 || t >= direction.length) return -1;
  return direction.read == nullptr ? t : direction.read[t];
}

// The rows read at positions t to t + 3; t is a multiple of 4 and the map 16-byte aligned.
template <class T>
__device__ __forceinline__ int4 RowsAt(const DirectionParams<T>& direction, int t) {
  if (t >= 0 && t + 4 <= direction.length) {
    if (direction.read == nullptr) return make_int4(t, t + 1, t + 2, t + 3);
    return *reinterpret_cast<const int4*>(direction.read + t);
  }
  return make_int4(RowAt(direction, t), RowAt(direction, t + 1), RowAt(direction, t + 2),
                   RowAt(direction, t + 3));
}

template <class T>
__device__ __forceinline__ Vector<T, kWidth> LoadInput(const T* x, int row, int row_stride) {
  return LoadStoredUpTo<true, kWidth>(x + int64_t{row} * row_stride, row < 0 ? 0 : kWidth);
}

template <class T, Activation kActivation>
__global__ void __launch_bounds__(kThreads, 6)
    CausalConv4Kernel(const __grid_constant__ CausalConvParams<T> params) {
  const DirectionParams<T>& direction = params.directions[blockIdx.y];
  const unsigned vectors = params.channels / kWidth;
  unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const int channel = static_cast<int>(index % vectors) * kWidth;
  index /= vectors;
  const int begin = static_cast<int>(index % params.runs) * params.run;
  const int64_t image = index / params.runs;
  if (image >= params.images || begin >= direction.length) return;
  const int end = min(begin + params.run, direction.length);

  const T* x = direction.x + image * direction.x_image_stride + channel;
  const auto row_stride = static_cast<int>(direction.x_row_stride);
  Vector<T, kWidth> next[kAtATime];
  const auto load = [&](int t) {
    const int4 rows = RowsAt(direction, t);
    next[0] = LoadInput(x, rows.x, row_stride);
    next[1] = LoadInput(x, rows.y, row_stride);
    next[2] = LoadInput(x, rows.z, row_stride);
    next[3] = LoadInput(x, rows.w, row_stride);
  };
  // window[i]: the input at position t - (kTaps - 1) + i.
  float window[kTaps - 1 + kAtATime][kWidth];
  load(begin - kAtATime);
#pragma unroll
  for (int i = 0; i < kTaps - 1; ++i) ToFloats(next[kAtATime - (kTaps - 1) + i], window[i]);
  load(begin);
  float weight[kWidth][kTaps];
#pragma unroll
  for (int c = 0; c < kWidth; ++c) {
    LoadVector(direction.weight + (channel + c) * direction.weight_stride, weight[c]);
  }
  float bias[kWidth] = {};
  if (direction.bias != nullptr) LoadVector(direction.bias + channel, bias);

  T* u = direction.u + image * direction.length * params.channels + channel;
  for (int t = begin; t < end; t += kAtATime) {
#pragma unroll
    for (int i = 0; i < kAtATime; ++i) ToFloats(next[i], window[kTaps - 1 + i]);
    if (t + kAtATime < end) load(t + kAtATime);
#pragma unroll
    for (int i = 0; i < kAtATime; ++i) {
      float sum[kWidth];
#pragma unroll
      for (int c = 0; c < kWidth; ++c) {
        sum[c] = bias[c];
#pragma unroll
        for (int k = 0; k < kTaps; ++k) sum[c] = fmaf(weight[c][k], window[i + k][c], sum[c]);
      }
      Activate<kActivation>(sum);
      if (t + i < end) StoreVector(sum, u + int64_t{t + i} * params.channels);
    }
#pragma unroll
    for (int i = 0; i < kTaps - 1; ++i) {
#pragma unroll
      for (int c = 0; c < kWidth; ++c) window[i][c] = window[kAtATime + i][c];
    }
  }
}

// One output element a thread.
template <class T>
__global__ void CausalConvKernel(const __grid_constant__ CausalConvParams<T> params) {
  const DirectionParams<T>& direction = params.directions[blockIdx.y];
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const int channel = static_cast<int>(index % params.channels);
  const int t = static_cast<int>(index / params.channels % direction.length);
  const int64_t image = index / params.channels / direction.length;
  if (image >= params.images) return;
  const T* x = direction.x + image * direction.x_image_stride + channel;
  float sum[1] = {direction.bias == nullptr ? 0.0F : direction.bias[channel]};
  for (int k = 0; k < params.taps; ++k) {
    const int row = RowAt(direction, t - (params.taps - 1) + k);
    if (row >= 0) {
      sum[0] = fmaf(direction.weight[channel * direction.weight_stride + k],
                    ToFloat(x[row * direction.x_row_stride]), sum[0]);
    }
  }
  Activate(params.activation, sum);
  direction.u[index] = FromFloat<T>(sum[0]);
}

// Positions a thread makes in a row. Each run reads 3 positions before its own, so they are long,
// unless too few threads would be left to fill the device.
int RunLength(int64_t vectors, int64_t length, int multiprocessors) {
  const int64_t positions = vectors * length / (int64_t{1024} * multiprocessors);
  return static_cast<int>(std::clamp<int64_t>(positions / kAtATime, 1, 8)) * kAtATime;
}

template <class T>
void Launch4(CausalConvParams<T> params, unsigned directions, int64_t length, Stream& stream) {
  const int64_t vectors = int64_t{params.images} * (params.channels / kWidth);
  params.run = RunLength(vectors * directions, length, MultiprocessorCount(stream));
  params.runs = static_cast<int>(DivideUp(length, params.run));
  const dim3 blocks(BlockCount(vectors * params.runs, kThreads), directions);
  cudaStream_t handle = Activate(stream);
  switch (params.activation) {
    case Activation::kIdentity:
      CausalConv4Kernel<T, Activation::kIdentity><<<blocks, kThreads, 0, handle>>>(params);
      break;
    case Activation::kSilu:
      CausalConv4Kernel<T, Activation::kSilu><<<blocks, kThreads, 0, handle>>>(params);
      break;
    case Activation::kGelu:
      CausalConv4Kernel<T, Activation::kGelu><<<blocks, kThreads, 0, handle>>>(params);
      break;
    case Activation::kSigmoid:
      CausalConv4Kernel<T, Activation::kSigmoid><<<blocks, kThreads, 0, handle>>>(params);
      break;
    case Activation::kRelu:
      CausalConv4Kernel<T, Activation::kRelu><<<blocks, kThreads, 0, handle>>>(params);
      break;
  }
}

}  // namespace
}  // namespace cuda

absl::Status CausalConv1dCuda(absl::Span<const CausalConv1dDirection> directions,
                              Activation activation, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const ConstTensorView& x = directions[0].x;
  int64_t length = 0;
  bool aligned = directions[0].weight.dim(1) == kTaps;
  for (const CausalConv1dDirection& direction : directions) {
    length = std::max(length, direction.u.dim(1));
    aligned = aligned && IsVectorizable(direction.x, kWidth) &&
              IsVectorizable(direction.u, kWidth) && IsVectorizable(direction.weight, kTaps) &&
              IsVectorizable(direction.bias, kWidth) &&
              reinterpret_cast<uintptr_t>(direction.read.raw_data()) % 16 == 0;
  }
  if (x.elements() == 0 || length == 0) return absl::OkStatus();
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    CausalConvParams<T> params = {};
    for (size_t i = 0; i < directions.size(); ++i) {
      const CausalConv1dDirection& direction = directions[i];
      params.directions[i] = {
          .x = Data<T>(direction.x),
          .read = Data<int32_t>(direction.read),
          .weight = Data<float>(direction.weight),
          .bias = Data<float>(direction.bias),
          .u = Data<T>(direction.u),
          .x_image_stride = direction.x.stride(0),
          .x_row_stride = direction.x.stride(1),
          .weight_stride = RowStride(direction.weight),
          .length = static_cast<int>(direction.u.dim(1)),
      };
    }
    params.images = static_cast<int>(x.dim(0));
    params.channels = static_cast<int>(x.dim(2));
    params.taps = static_cast<int>(directions[0].weight.dim(1));
    params.activation = activation;
    const auto count = static_cast<unsigned>(directions.size());
    if (aligned) {
      Launch4(params, count, length, stream);
    } else {
      const unsigned blocks = BlockCount(x.dim(0) * length * x.dim(2), kThreads);
      CausalConvKernel<<<dim3(blocks, count), kThreads, 0, handle>>>(params);
    }
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
