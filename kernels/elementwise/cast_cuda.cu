#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

// Weights are cast once, at load: plain code suffices.
template <class X, class Y>
__global__ void CastKernel(const X* x, int64_t x_stride, Y* y, int64_t y_stride, int64_t rows,
                           int64_t columns) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= rows * columns) return;
  const int64_t m = i / columns;
  const int64_t n = i % columns;
  y[m * y_stride + n] = FromFloat<Y>(ToFloat(x[m * x_stride + n]));
}

}  // namespace
}  // namespace cuda

absl::Status CastCuda(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const int64_t count = x.elements();
  if (count == 0) return absl::OkStatus();
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class X>(X) {
    DispatchFloat(y.dtype(), [&]<class Y>(Y) {
      CastKernel<X, Y><<<BlockCount(count, kThreads), kThreads, 0, handle>>>(
          Data<X>(x), RowStride(x), Data<Y>(y), RowStride(y), x.dim(0), x.dim(1));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
