#include "kernels/detection/backends.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void SelectClassKernel(const T* x, const int* classes, int cells, int channels,
                                  int count, float* y) {
  const auto i = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  if (i < count) y[i] = ToFloat(x[int64_t{i} * channels + classes[i / cells]]);
}

}  // namespace
}  // namespace cuda

absl::Status SelectClassCuda(const ConstTensorView& x, const ConstTensorView& classes,
                             const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (y.elements() == 0) return absl::OkStatus();
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    SelectClassKernel<T><<<BlockCount(y.elements(), kThreads), kThreads, 0, handle>>>(
        Data<T>(x), Data<int>(classes), static_cast<int>(x.dim(1)), static_cast<int>(x.dim(2)),
        static_cast<int>(y.elements()), Data<float>(y));
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
