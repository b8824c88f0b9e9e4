// A block makes kLanes vectors of channels of one bin: its threads share out the cells, then their
// sums are added in pairs, always the same ones.
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kLanes = 8;    // of channels
constexpr int kShares = 32;  // of cells

struct Bin {
  int begin, end;
};

__device__ Bin BinOf(int64_t i, int64_t length, int64_t bins) {
  return {static_cast<int>(i * length / bins),
          static_cast<int>(((i + 1) * length + bins - 1) / bins)};
}

template <class T, bool kAligned>
__global__ void AdaptiveAveragePoolKernel(const T* x, int H, int W, int C, T* y, int Ho, int Wo) {
  __shared__ float sums[kShares][kLanes][kVectorWidth];
  const int blocks_of_bin = static_cast<int>(DivideUp(C, kLanes * kVectorWidth));
  const int64_t bin = blockIdx.x / blocks_of_bin;  // over all images
  const int lane = static_cast<int>(threadIdx.x);
  const int share = static_cast<int>(threadIdx.y);
  const int64_t channel =
      (int64_t{blockIdx.x} % blocks_of_bin * kLanes + lane) * int64_t{kVectorWidth};
  const int64_t count = C - channel;
  const Bin rows = BinOf(bin / Wo % Ho, H, Ho);
  const Bin columns = BinOf(bin % Wo, W, Wo);
  const int width = columns.end - columns.begin;
  const int cells = (rows.end - rows.begin) * width;
  const T* image = x + bin / (int64_t{Ho} * Wo) * H * W * C + channel;
  float sum[kVectorWidth] = {};
  for (int cell = share; cell < cells; cell += kShares) {
    const int64_t at = int64_t{rows.begin + cell / width} * W + columns.begin + cell % width;
    float values[kVectorWidth];
    LoadUpTo<kAligned>(image + at * C, count, values);
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) sum[i] += values[i];
  }
#pragma unroll
  for (int i = 0; i < kVectorWidth; ++i) sums[share][lane][i] = sum[i];
  for (int half = kShares / 2; half > 0; half /= 2) {
    __syncthreads();
    if (share < half) {
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) sums[share][lane][i] += sums[share + half][lane][i];
    }
  }
  if (share != 0) return;
  float mean[kVectorWidth];
#pragma unroll
  for (int i = 0; i < kVectorWidth; ++i) mean[i] = sums[0][lane][i] / static_cast<float>(cells);
  StoreUpTo<kAligned>(mean, count, y + bin * C + channel);
}

}  // namespace
}  // namespace cuda

absl::Status AdaptiveAveragePoolCuda(const ConstTensorView& x, const TensorView& y,
                                     Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (y.elements() == 0) return absl::OkStatus();
  const int64_t C = x.dim(3);
  const bool aligned = IsVectorizable(x, kVectorWidth) && IsVectorizable(y, kVectorWidth);
  const unsigned blocks = BlockCount(y.elements() / C * DivideUp(C, kLanes * kVectorWidth), 1);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      AdaptiveAveragePoolKernel<T, is_aligned.value><<<blocks, dim3(kLanes, kShares), 0, handle>>>(
          Data<T>(x), static_cast<int>(x.dim(1)), static_cast<int>(x.dim(2)), static_cast<int>(C),
          Data<T>(y), static_cast<int>(y.dim(1)), static_cast<int>(y.dim(2)));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
