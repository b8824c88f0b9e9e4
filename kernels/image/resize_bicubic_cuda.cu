#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/image/backends.h"
#include "kernels/image/bicubic_taps.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

__global__ void ResizeBicubicKernel(const float* x, int height, int width, float* y, int out_height,
                                    int out_width, int channels) {
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const int channel = static_cast<int>(index % channels);
  const int j = static_cast<int>(index / channels % out_width);
  const int i = static_cast<int>(index / channels / out_width);
  if (i >= out_height) return;
  const BicubicTaps rows = MakeBicubicTaps(i, static_cast<float>(height) / out_height, height);
  const BicubicTaps columns = MakeBicubicTaps(j, static_cast<float>(width) / out_width, width);
  float sum = 0.0F;
#pragma unroll
  for (int p = 0; p < 4; ++p) {
    const float* row = x + int64_t{rows.index[p]} * width * channels + channel;
    float of_row = 0.0F;
#pragma unroll
    for (int q = 0; q < 4; ++q)
      of_row += columns.weight[q] * row[int64_t{columns.index[q]} * channels];
    sum += rows.weight[p] * of_row;
  }
  y[index] = sum;
}

}  // namespace
}  // namespace cuda

absl::Status ResizeBicubicCuda(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (y.elements() == 0) return absl::OkStatus();
  ResizeBicubicKernel<<<BlockCount(y.elements(), kThreads), kThreads, 0, Activate(stream)>>>(
      Data<float>(x), static_cast<int>(x.dim(0)), static_cast<int>(x.dim(1)), Data<float>(y),
      static_cast<int>(y.dim(0)), static_cast<int>(y.dim(1)), static_cast<int>(y.dim(2)));
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
