// A block takes a run of tokens of one image and direction, rows held by groups of threads as in
// kernels/norm: a thread meets the same channels in every row, so that its sums over tokens stay in
// registers. A second kernel adds the sums of the runs, in a fixed order. The directions of a run
// are neighbouring blocks, which find its rows of dy in the cache.
#include <algorithm>

#include "kernels/elementwise/activation.cuh"
#include "kernels/norm/norm_backward.cuh"
#include "kernels/scan/backends.h"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kSumThreads = 256;
constexpr float kNormEps = 1e-5F;

template <class T>
struct MergeBackwardParams {
  const T* o;            // may be null in a plain sum
  const float* channel;  // may be null
  const float* local;    // both or neither
  const float* global;
  const float* w;  // with the norm only
  const T* dy;
  const T* d_o_in;  // may be null, as may all that follow
  T* d_o;
  float* dlocal;
  float* partial;  // (K, B, runs, D + 2): dchannel, dglobal, dw
  int directions, images, runs, length, channels;
};

// The gradient of a row of terms, which is that of y (`dt` at first) through the norm. Adds the
// row's share of dw to it.
template <class Group>
__device__ __forceinline__ void NormGradient(const typename Group::Registers& o,
                                             const typename Group::Registers& channel,
                                             float spatial, float w, int channels,
                                             typename Group::Registers& dt, float& dw) {
  typename Group::Registers normalized;
#pragma unroll
  for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) normalized[v][i] = o[v][i] * channel[v][i] * spatial;
  }
  const float mean = Group::Mean(normalized, channels);
  const float scale = rsqrtf(Group::MeanSquare(normalized, channels, mean) + kNormEps);
  float share = 0.0F;
#pragma unroll
  for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) {
      normalized[v][i] = (normalized[v][i] - mean) * scale;
      share = fmaf(dt[v][i], normalized[v][i], share);
    }
  }
  dw += share;
  InputGradient<Group>(normalized, w * scale, /*centred=*/true, channels, dt);
}

// Dynamic shared memory: kRowsPerBlock rows of `channels` floats.
template <class Group, bool kNorm, class T>
__global__ void __launch_bounds__(kNormThreads) MergeBackwardKernel(MergeBackwardParams<T> params) {
  extern __shared__ float of_group[];
  const int k = static_cast<int>(blockIdx.x) % params.directions;
  const int run = static_cast<int>(blockIdx.x) / params.directions % params.runs;
  const int image = static_cast<int>(blockIdx.x) / params.directions / params.runs;
  const int64_t sequence = k * int64_t{params.images} + image;
  const int begin = static_cast<int>(int64_t{params.length} * run / params.runs);
  const int end = static_cast<int>(int64_t{params.length} * (run + 1) / params.runs);

  typename Group::Registers channel;
#pragma unroll
  for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
    for (float& value : channel[v]) value = 1.0F;
  }
  if (params.channel != nullptr) {
    Group::Load(params.channel + sequence * params.channels, params.channels, channel);
  }
  typename Group::Registers dchannel = {};
  float dglobal = 0.0F;  // of the row's group
  float dw = 0.0F;       // of the thread
  // All groups take as many turns, those without a row too: the sums need every thread.
  for (int first = begin; first < end; first += Group::kRowsPerBlock) {
    const int token = first + Group::RowOfBlock();
    const bool inside = token < end;
    const int columns = inside ? params.channels : 0;
    const int64_t row = sequence * params.length + token;
    typename Group::Registers o;
    typename Group::Registers dt;
    Group::Load(params.o + row * params.channels, params.o == nullptr ? 0 : columns, o);
    Group::Load(params.dy + (int64_t{image} * params.length + token) * params.channels, columns,
                dt);
    float spatial = 1.0F;
    if (params.local != nullptr && inside) {
      spatial = Sigmoid(params.local[row] + params.global[sequence]);
    }
    if constexpr (kNorm) {
      NormGradient<Group>(o, channel, spatial, params.w[k], params.channels, dt, dw);
    }
    float dspatial = 0.0F;
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
      const int column = Group::Column(v);
      const int64_t offset = row * params.channels + column;
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) {
        const float product = dt[v][i] * o[v][i];
        dchannel[v][i] = fmaf(product, spatial, dchannel[v][i]);
        dspatial = fmaf(product, channel[v][i], dspatial);
        dt[v][i] *= channel[v][i] * spatial;
      }
      if (params.d_o == nullptr) continue;
      if (params.d_o_in != nullptr) {
        float other[kVectorWidth];
        LoadUpTo<Group::kAligned>(params.d_o_in + offset, columns - column, other);
#pragma unroll
        for (int i = 0; i < kVectorWidth; ++i) dt[v][i] += other[i];
      }
      StoreUpTo<Group::kAligned>(dt[v], columns - column, params.d_o + offset);
    }
    if (params.local != nullptr) {
      const float dlocal = spatial * (1.0F - spatial) * Group::Sum(dspatial);
      if (inside && params.dlocal != nullptr && Group::Column(0) == 0) params.dlocal[row] = dlocal;
      dglobal += dlocal;  // 0 without a row
    }
  }
  if (params.partial == nullptr) return;
  float* sums = params.partial + (sequence * params.runs + run) * (params.channels + 2);
  SumOfGroups<Group>(dchannel, params.channels, of_group, sums);
  dglobal = ReduceBlock<kNormThreads>(Group::Column(0) == 0 ? dglobal : 0.0F, Plus());
  dw = ReduceBlock<kNormThreads>(dw, Plus());
  if (threadIdx.x == 0) {
    sums[params.channels] = dglobal;
    sums[params.channels + 1] = dw;
  }
}

// The totals of the runs of each image and direction. Either may be null.
__global__ void AddRunsKernel(const float* partial, int64_t sequences, int runs, int channels,
                              float* dchannel, float* dglobal) {
  const int64_t index = int64_t{blockIdx.x} * kSumThreads + threadIdx.x;
  const int64_t sequence = index / (channels + 1);
  const int column = static_cast<int>(index % (channels + 1));
  if (sequence >= sequences) return;
  const float* first = partial + sequence * runs * (channels + 2) + column;
  float total = 0.0F;
#pragma unroll 8
  for (int run = 0; run < runs; ++run) total += first[int64_t{run} * (channels + 2)];
  if (column < channels) {
    if (dchannel != nullptr) dchannel[sequence * channels + column] = total;
  } else if (dglobal != nullptr) {
    dglobal[sequence] = total;
  }
}

// dw[k] of block k: the total of all its images and runs, of which there are `count`.
__global__ void AddWeightsKernel(const float* partial, int64_t count, int channels, float* dw) {
  const float* first = partial + blockIdx.x * count * (channels + 2) + channels + 1;
  float total = 0.0F;
  for (int64_t i = threadIdx.x; i < count; i += kSumThreads) total += first[i * (channels + 2)];
  total = ReduceBlock<kSumThreads>(total, Plus());
  if (threadIdx.x == 0) dw[blockIdx.x] = total;
}

// Runs a sequence: none shorter than two rounds of rows, and no more than it takes to fill the
// device a few times over.
int CountRuns(int64_t sequences, int64_t length, int rows_per_block, int multiprocessors) {
  const int64_t wanted = int64_t{8} * multiprocessors / sequences;
  return static_cast<int>(
      std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, length / (2 * rows_per_block))));
}

template <class Group, class T>
absl::Status Launch(const MergeDirectionsBackwardArgs& args, MergeBackwardParams<T> params,
                    Stream& stream) {
  const int64_t sequences = int64_t{params.directions} * params.images;
  params.runs =
      CountRuns(sequences, params.length, Group::kRowsPerBlock, MultiprocessorCount(stream));
  if (!args.dchannel.empty() || !args.dglobal.empty() || !args.dw.empty()) {
    struct MergeBackwardSums;
    LM_ASSIGN_OR_RETURN(
        void* const scratch,
        GetScratch<MergeBackwardSums>(
            static_cast<size_t>(sequences * params.runs * (params.channels + 2)) * sizeof(float),
            stream));
    params.partial = static_cast<float*>(scratch);
  }
  cudaStream_t handle = Activate(stream);
  const unsigned blocks = BlockCount(sequences * params.runs, 1);
  DispatchBool(!args.w.empty(), [&](auto norm) {
    MergeBackwardKernel<Group, norm.value>
        <<<blocks, kNormThreads, SharedBytesOfGroups<Group>(params.channels), handle>>>(params);
  });
  if (!args.dchannel.empty() || !args.dglobal.empty()) {
    AddRunsKernel<<<BlockCount(sequences * (params.channels + 1), kSumThreads), kSumThreads, 0,
                    handle>>>(params.partial, sequences, params.runs, params.channels,
                              Data<float>(args.dchannel), Data<float>(args.dglobal));
  }
  if (!args.dw.empty()) {
    AddWeightsKernel<<<static_cast<unsigned>(params.directions), kSumThreads, 0, handle>>>(
        params.partial, int64_t{params.images} * params.runs, params.channels,
        Data<float>(args.dw));
  }
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

// The sums over no tokens.
absl::Status ZeroGradients(const MergeDirectionsBackwardArgs& args, Stream& stream) {
  for (const TensorView& view : {args.dchannel, args.dlocal, args.dglobal, args.dw}) {
    if (view.empty()) continue;
    LM_RETURN_IF_ERROR(stream.ZeroBytes(
        view.raw_data(), static_cast<size_t>(view.elements()) * SizeOf(view.dtype())));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace cuda

absl::Status MergeDirectionsBackwardCuda(const MergeDirectionsBackwardArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const Shape& shape = args.o.empty() ? args.d_o.shape() : args.o.shape();
  if (shape.elements() == 0) return ZeroGradients(args, stream);
  LM_RETURN_IF_ERROR(CheckColumns("merge_directions_backward", shape[3]));
  bool aligned = true;
  for (const ConstTensorView& view :
       {args.o, args.channel, args.dy, args.d_o_in, ConstTensorView(args.d_o)}) {
    aligned = aligned && IsVectorizable(view, kVectorWidth);
  }
  return DispatchFloat(args.dy.dtype(), [&]<class T>(T) {
    const MergeBackwardParams<T> params = {
        .o = Data<T>(args.o),
        .channel = Data<float>(args.channel),
        .local = Data<float>(args.local),
        .global = Data<float>(args.global),
        .w = Data<float>(args.w),
        .dy = Data<T>(args.dy),
        .d_o_in = Data<T>(args.d_o_in),
        .d_o = Data<T>(args.d_o),
        .dlocal = Data<float>(args.dlocal),
        .partial = nullptr,
        .directions = static_cast<int>(shape[0]),
        .images = static_cast<int>(shape[1]),
        .runs = 1,
        .length = static_cast<int>(shape[2]),
        .channels = static_cast<int>(shape[3]),
    };
    return DispatchBackwardRowGroup(params.channels, aligned, [&]<class Group>(Group) {
      return Launch<Group>(args, params, stream);
    });
  });
}

}  // namespace localmamba
