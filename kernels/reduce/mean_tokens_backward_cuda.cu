#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

template <class T, bool kAligned>
__global__ void MeanTokensBackwardKernel(const T* dy, T* dx, int64_t batch_stride,
                                         int64_t row_stride, unsigned images, unsigned length,
                                         unsigned channels) {
  const unsigned vectors = (channels + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned image = index / vectors / length;
  if (image >= images) return;
  const unsigned token = index / vectors % length;
  const int64_t channel = int64_t{index % vectors} * kVectorWidth;
  const int64_t count = channels - channel;
  float values[kVectorWidth];
  LoadUpTo<kAligned>(dy + int64_t{image} * channels + channel, count, values);
#pragma unroll
  for (float& value : values) value /= static_cast<float>(length);
  StoreUpTo<kAligned>(values, count, dx + image * batch_stride + token * row_stride + channel);
}

}  // namespace
}  // namespace cuda

absl::Status MeanTokensBackwardCuda(const ConstTensorView& dy, const TensorView& dx,
                                    Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (dx.elements() == 0) return absl::OkStatus();
  const bool aligned = IsVectorizable(dy, kVectorWidth) && IsVectorizable(dx, kVectorWidth);
  const unsigned blocks =
      BlockCount(dx.dim(0) * dx.dim(1) * DivideUp(dx.dim(2), kVectorWidth), kThreads);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(dy.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      MeanTokensBackwardKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(dy), Data<T>(dx), dx.stride(0), dx.stride(1), static_cast<unsigned>(dx.dim(0)),
          static_cast<unsigned>(dx.dim(1)), static_cast<unsigned>(dx.dim(2)));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
