// One image a block. Its row is read once for each pass, all but the first from cache.
#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/reduce.cuh"
#include "kernels/device/cuda/scratch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

template <class T>
__device__ float MaximumOf(const T* row, int count) {
  float maximum = -INFINITY;
  for (int c = static_cast<int>(threadIdx.x); c < count; c += kThreads) {
    maximum = fmaxf(maximum, ToFloat(row[c]));
  }
  return ReduceBlock<kThreads>(maximum, Maximum());
}

template <class T>
__global__ void CrossEntropyKernel(const T* logits, int64_t stride, const float* targets, int count,
                                   float* losses) {
  const T* const row = logits + blockIdx.x * stride;
  const float* const target = targets + int64_t{blockIdx.x} * count;
  const float maximum = MaximumOf(row, count);
  float sum = 0.0F;
  float weight = 0.0F;
  float dot = 0.0F;
  for (int c = static_cast<int>(threadIdx.x); c < count; c += kThreads) {
    const float logit = ToFloat(row[c]) - maximum;
    sum += expf(logit);
    weight += target[c];
    dot += target[c] * logit;
  }
  sum = ReduceBlock<kThreads>(sum, Plus());
  weight = ReduceBlock<kThreads>(weight, Plus());
  dot = ReduceBlock<kThreads>(dot, Plus());
  if (threadIdx.x == 0) losses[blockIdx.x] = weight * logf(sum) - dot;
}

// In one block.
__global__ void MeanKernel(const float* values, int count, float* mean) {
  float sum = 0.0F;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) sum += values[i];
  sum = ReduceBlock<kThreads>(sum, Plus());
  if (threadIdx.x == 0) *mean = sum / static_cast<float>(count);
}

// Each thread reads and writes the same elements, so dlogits may be logits.
template <class T>
__global__ void CrossEntropyBackwardKernel(const T* logits, int64_t stride, const float* targets,
                                           int count, const float* dloss, T* dlogits,
                                           int64_t dlogits_stride) {
  const T* const row = logits + blockIdx.x * stride;
  const float* const target = targets + int64_t{blockIdx.x} * count;
  const float maximum = MaximumOf(row, count);
  float sum = 0.0F;
  float weight = 0.0F;
  for (int c = static_cast<int>(threadIdx.x); c < count; c += kThreads) {
    sum += expf(ToFloat(row[c]) - maximum);
    weight += target[c];
  }
  sum = ReduceBlock<kThreads>(sum, Plus());
  weight = ReduceBlock<kThreads>(weight, Plus());
  const float scale = (dloss == nullptr ? 1.0F : *dloss) / static_cast<float>(gridDim.x);
  for (int c = static_cast<int>(threadIdx.x); c < count; c += kThreads) {
    const float probability = expf(ToFloat(row[c]) - maximum) / sum;
    dlogits[blockIdx.x * dlogits_stride + c] =
        FromFloat<T>((probability * weight - target[c]) * scale);
  }
}

}  // namespace
}  // namespace cuda

absl::Status CrossEntropyCuda(const CrossEntropyArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const int64_t images = args.logits.dim(0);
  float* losses = Data<float>(args.losses);
  if (losses == nullptr) {
    struct Losses;
    LM_ASSIGN_OR_RETURN(void* scratch,
                        GetScratch<Losses>(static_cast<size_t>(images) * sizeof(float), stream));
    losses = static_cast<float*>(scratch);
  }
  cudaStream_t handle = Activate(stream);
  DispatchFloat(args.logits.dtype(), [&]<class T>(T) {
    CrossEntropyKernel<<<BlockCount(images, 1), kThreads, 0, handle>>>(
        Data<T>(args.logits), RowStride(args.logits), Data<float>(args.targets),
        static_cast<int>(args.logits.dim(1)), losses);
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  if (args.loss.empty()) return absl::OkStatus();
  MeanKernel<<<1, kThreads, 0, handle>>>(losses, static_cast<int>(images), Data<float>(args.loss));
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

absl::Status CrossEntropyBackwardCuda(const CrossEntropyBackwardArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  DispatchFloat(args.logits.dtype(), [&]<class T>(T) {
    CrossEntropyBackwardKernel<<<BlockCount(args.logits.dim(0), 1), kThreads, 0,
                                 Activate(stream)>>>(
        Data<T>(args.logits), RowStride(args.logits), Data<float>(args.targets),
        static_cast<int>(args.logits.dim(1)), Data<float>(args.dloss), Data<T>(args.dlogits),
        RowStride(args.dlogits));
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
