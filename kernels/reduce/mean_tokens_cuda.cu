// A block sums 64 channels of one image: 8 neighbouring threads cover them, 32 such groups share
// the tokens, and their sums meet in shared memory in a fixed order.
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kColumns = 8;
constexpr int kGroups = 32;
constexpr int kChannels = kColumns * kVectorWidth;

template <class T, bool kAligned>
__global__ void MeanTokensKernel(const T* x, int64_t batch_stride, int64_t row_stride, T* y,
                                 int length, int channels) {
  __shared__ float sums[kGroups][kChannels + 1];
  const int channel_tiles = (channels + kChannels - 1) / kChannels;
  const int64_t image = blockIdx.x / channel_tiles;
  const int first = static_cast<int>(blockIdx.x % channel_tiles) * kChannels;
  const int channel = first + static_cast<int>(threadIdx.x) * kVectorWidth;

  float sum[kVectorWidth] = {};
  const T* source = x + image * batch_stride + channel;
#pragma unroll 4
  for (int t = static_cast<int>(threadIdx.y); t < length; t += kGroups) {
    float values[kVectorWidth];
    LoadUpTo<kAligned>(source + t * row_stride, channels - channel, values);
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) sum[i] += values[i];
  }
#pragma unroll
  for (int i = 0; i < kVectorWidth; ++i) {
    sums[threadIdx.y][threadIdx.x * kVectorWidth + i] = sum[i];
  }
  __syncthreads();
  const int of_tile = static_cast<int>(threadIdx.y * kColumns + threadIdx.x);
  if (of_tile < kChannels && first + of_tile < channels) {
    float total = 0.0F;
#pragma unroll
    for (int group = 0; group < kGroups; ++group) total += sums[group][of_tile];
    y[image * channels + first + of_tile] = FromFloat<T>(total / static_cast<float>(length));
  }
}

}  // namespace
}  // namespace cuda

absl::Status MeanTokensCuda(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (y.elements() == 0) return absl::OkStatus();
  const bool aligned = IsVectorizable(x, kVectorWidth);
  const unsigned blocks = BlockCount(x.dim(0) * DivideUp(x.dim(2), kChannels), 1);
  const int64_t row_stride = x.dim(1) > 1 ? x.stride(1) : x.dim(2);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      MeanTokensKernel<T, is_aligned.value><<<blocks, dim3(kColumns, kGroups), 0, handle>>>(
          Data<T>(x), x.stride(0), row_stride, Data<T>(y), static_cast<int>(x.dim(1)),
          static_cast<int>(x.dim(2)));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
