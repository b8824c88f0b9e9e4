#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/reduce.cuh"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 128;

// One row a block. Each thread reads and writes the same elements, so dx may be dy or y.
__global__ void SoftmaxBackwardKernel(const float* y, const float* dy, float* dx, int64_t columns) {
  const int64_t row = blockIdx.x * columns;
  float dot = 0.0F;
  for (int64_t i = threadIdx.x; i < columns; i += kThreads) dot += y[row + i] * dy[row + i];
  dot = ReduceBlock<kThreads>(dot, Plus());
  for (int64_t i = threadIdx.x; i < columns; i += kThreads) {
    dx[row + i] = y[row + i] * (dy[row + i] - dot);
  }
}

}  // namespace
}  // namespace cuda

absl::Status SoftmaxBackwardCuda(const ConstTensorView& y, const ConstTensorView& dy,
                                 const TensorView& dx, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (y.elements() == 0) return absl::OkStatus();
  SoftmaxBackwardKernel<<<BlockCount(y.dim(0), 1), kThreads, 0, Activate(stream)>>>(
      Data<float>(y), Data<float>(dy), Data<float>(dx), y.dim(1));
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
