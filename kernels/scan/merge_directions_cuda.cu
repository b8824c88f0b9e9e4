// A thread merges 8 channels of a few tokens of one image, so that it loads the weights of the
// channels once for all of them and has several loads of `o` under way. With the norm of a supernet
// a group of threads holds a row, as in kernels/norm.
#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation.cuh"
#include "kernels/norm/row_group.cuh"
#include "kernels/scan/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kTokens = 4;  // a thread
constexpr float kNormEps = 1e-5F;

template <class T>
struct MergeParams {
  const T* o;
  const float* channel;  // may be null
  const float* local;    // both or neither
  const float* global;
  const float* w;  // with the norm only
  T* y;
  int directions, images, length, channels;
};

// The weight of token `token` of image `image` in direction `k`.
template <class T>
__device__ __forceinline__ float TokenWeight(const MergeParams<T>& params, int k, int64_t image,
                                             int64_t token) {
  if (params.local == nullptr) return 1.0F;
  const int64_t sequence = k * int64_t{params.images} + image;
  return Sigmoid(params.local[sequence * params.length + token] + params.global[sequence]);
}

template <class T, bool kAligned>
__global__ void __launch_bounds__(kThreads) MergeKernel(MergeParams<T> params) {
  const unsigned vectors = (params.channels + kVectorWidth - 1) / kVectorWidth;
  const unsigned runs = (params.length + kTokens - 1) / kTokens;
  unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const int column = static_cast<int>(index % vectors) * kVectorWidth;
  index /= vectors;
  // Neighbouring threads take neighbouring tokens; a thread's own are `runs` apart.
  const int first = static_cast<int>(index % runs);
  const int64_t image = index / runs;
  if (image >= params.images) return;

  float sums[kTokens][kVectorWidth] = {};
#pragma unroll 2
  for (int k = 0; k < params.directions; ++k) {
    const int64_t sequence = k * int64_t{params.images} + image;
    float weight[kVectorWidth];
#pragma unroll
    for (float& value : weight) value = 1.0F;
    if (params.channel != nullptr) {
      LoadUpTo<kAligned>(params.channel + sequence * params.channels + column,
                         params.channels - column, weight);
    }
    const T* o = params.o + sequence * params.length * params.channels + column;
#pragma unroll
    for (int i = 0; i < kTokens; ++i) {
      const int token = first + i * static_cast<int>(runs);
      const bool inside = token < params.length;
      float values[kVectorWidth];
      LoadUpTo<kAligned>(o + int64_t{token} * params.channels,
                         inside ? params.channels - column : 0, values);
      const float token_weight = inside ? TokenWeight(params, k, image, token) : 0.0F;
#pragma unroll
      for (int c = 0; c < kVectorWidth; ++c) {
        sums[i][c] = fmaf(values[c] * weight[c], token_weight, sums[i][c]);
      }
    }
  }
  T* y = params.y + image * params.length * params.channels + column;
#pragma unroll
  for (int i = 0; i < kTokens; ++i) {
    const int token = first + i * static_cast<int>(runs);
    if (token < params.length) {
      StoreUpTo<kAligned>(sums[i], params.channels - column, y + int64_t{token} * params.channels);
    }
  }
}

template <class Group, class T>
__global__ void __launch_bounds__(kNormThreads) MergeNormsKernel(MergeParams<T> params) {
  const int64_t row = int64_t{blockIdx.x} * Group::kRowsPerBlock + Group::RowOfBlock();
  const int64_t rows = int64_t{params.images} * params.length;
  // Threads without a row stay for the sums.
  const int columns = row < rows ? params.channels : 0;
  const int64_t image = row / params.length;
  typename Group::Registers sums = {};
  for (int k = 0; k < params.directions; ++k) {
    typename Group::Registers values;
    Group::Load(params.o + (k * rows + row) * params.channels, columns, values);
    const float token_weight =
        row < rows ? TokenWeight(params, k, image, row % params.length) : 0.0F;
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
      const int column = Group::Column(v);
      float weight[kVectorWidth];
#pragma unroll
      for (float& value : weight) value = 1.0F;
      if (params.channel != nullptr) {
        LoadUpTo<Group::kAligned>(
            params.channel + (k * int64_t{params.images} + image) * params.channels + column,
            columns - column, weight);
      }
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) values[v][i] *= weight[i] * token_weight;
    }
    const float mean = Group::Mean(values, params.channels);
    const float scale =
        params.w[k] * rsqrtf(Group::MeanSquare(values, params.channels, mean) + kNormEps);
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) sums[v][i] += (values[v][i] - mean) * scale;
    }
  }
#pragma unroll
  for (int v = 0; v < Group::kVectors; ++v) {
    const int column = Group::Column(v);
    StoreUpTo<Group::kAligned>(sums[v], columns - column,
                               params.y + row * params.channels + column);
  }
}

}  // namespace
}  // namespace cuda

absl::Status MergeDirectionsCuda(const MergeDirectionsArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (args.y.elements() == 0) return absl::OkStatus();
  if (!args.w.empty()) LM_RETURN_IF_ERROR(CheckColumns("merge_directions", args.o.dim(3)));
  const bool aligned = IsVectorizable(args.o, kVectorWidth) &&
                       IsVectorizable(args.channel, kVectorWidth) &&
                       IsVectorizable(args.y, kVectorWidth);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(args.o.dtype(), [&]<class T>(T) {
    const MergeParams<T> params = {
        .o = Data<T>(args.o),
        .channel = Data<float>(args.channel),
        .local = Data<float>(args.local),
        .global = Data<float>(args.global),
        .w = Data<float>(args.w),
        .y = Data<T>(args.y),
        .directions = static_cast<int>(args.o.dim(0)),
        .images = static_cast<int>(args.o.dim(1)),
        .length = static_cast<int>(args.o.dim(2)),
        .channels = static_cast<int>(args.o.dim(3)),
    };
    if (!args.w.empty()) {
      DispatchRowGroup(params.channels, aligned, [&]<class Group>(Group) {
        const unsigned blocks =
            BlockCount(int64_t{params.images} * params.length, Group::kRowsPerBlock);
        MergeNormsKernel<Group><<<blocks, kNormThreads, 0, handle>>>(params);
      });
      return;
    }
    const unsigned blocks = BlockCount(int64_t{params.images} * DivideUp(params.length, kTokens) *
                                           DivideUp(params.channels, kVectorWidth),
                                       kThreads);
    DispatchBool(aligned, [&](auto is_aligned) {
      MergeKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(params);
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
