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

template <class T, bool kAligned>
__global__ void ScaleImagesKernel(const T* x, int64_t x_stride, const float* factor, T* y,
                                  int64_t y_stride, unsigned images, unsigned elements) {
  const unsigned vectors = (elements + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned image = index / vectors;
  if (image >= images) return;
  const int64_t first = int64_t{index % vectors} * kVectorWidth;
  const float scale = factor[image];
  float values[kVectorWidth];
  LoadUpTo<kAligned>(x + image * x_stride + first, elements - first, values);
#pragma unroll
  for (float& value : values) value *= scale;
  StoreUpTo<kAligned>(values, elements - first, y + image * y_stride + first);
}

}  // namespace
}  // namespace cuda

absl::Status ScaleImagesCuda(const ConstTensorView& x, const ConstTensorView& factor,
                             const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (x.elements() == 0) return absl::OkStatus();
  const bool aligned = IsVectorizable(x, kVectorWidth) && IsVectorizable(y, kVectorWidth);
  const unsigned blocks = BlockCount(x.dim(0) * DivideUp(x.dim(1), kVectorWidth), kThreads);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      ScaleImagesKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(x), RowStride(x), Data<float>(factor), Data<T>(y), RowStride(y),
          static_cast<unsigned>(x.dim(0)), static_cast<unsigned>(x.dim(1)));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
