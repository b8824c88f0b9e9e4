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
__global__ void InsertTokenKernel(const T* x, const T* token, unsigned position, T* y,
                                  unsigned batch, unsigned length, unsigned channels) {
  const unsigned vectors = (channels + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned row = index / vectors;  // of y
  if (row >= batch * (length + 1)) return;
  const int64_t channel = int64_t{index % vectors} * kVectorWidth;
  const unsigned image = row / (length + 1);
  const unsigned t = row % (length + 1);
  const int64_t x_row = int64_t{image} * length + t - (t > position ? 1 : 0);
  const T* source = t == position ? token : x + x_row * channels;
  float values[kVectorWidth];
  LoadUpTo<kAligned>(source + channel, channels - channel, values);
  StoreUpTo<kAligned>(values, channels - channel, y + int64_t{row} * channels + channel);
}

}  // namespace
}  // namespace cuda

absl::Status InsertTokenCuda(const ConstTensorView& x, const ConstTensorView& token,
                             int64_t position, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (y.elements() == 0) return absl::OkStatus();
  const bool aligned = IsVectorizable(x, kVectorWidth) && IsVectorizable(token, kVectorWidth) &&
                       IsVectorizable(y, kVectorWidth);
  const unsigned blocks =
      BlockCount(y.dim(0) * y.dim(1) * DivideUp(y.dim(2), kVectorWidth), kThreads);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      InsertTokenKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(x), Data<T>(token), static_cast<unsigned>(position), Data<T>(y),
          static_cast<unsigned>(x.dim(0)), static_cast<unsigned>(x.dim(1)),
          static_cast<unsigned>(x.dim(2)));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
