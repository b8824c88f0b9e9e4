#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/reduce.cuh"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

// One row a block. The row is read three times, the last two from cache; each thread reads and
// writes the same elements, so y may be x.
__global__ void SoftmaxKernel(const float* x, float* y, int64_t columns) {
  const float* row = x + blockIdx.x * columns;
  float maximum = -INFINITY;
  for (int64_t i = threadIdx.x; i < columns; i += kThreads) maximum = fmaxf(maximum, row[i]);
  maximum = ReduceBlock<kThreads>(maximum, Maximum());
  float sum = 0.0F;
  for (int64_t i = threadIdx.x; i < columns; i += kThreads) sum += expf(row[i] - maximum);
  sum = ReduceBlock<kThreads>(sum, Plus());
  for (int64_t i = threadIdx.x; i < columns; i += kThreads) {
    y[blockIdx.x * columns + i] = expf(row[i] - maximum) / sum;
  }
}

}  // namespace
}  // namespace cuda

absl::Status SoftmaxCuda(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (x.elements() == 0) return absl::OkStatus();
  SoftmaxKernel<<<BlockCount(x.dim(0), 1), kThreads, 0, Activate(stream)>>>(
      Data<float>(x), Data<float>(y), x.dim(1));
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
