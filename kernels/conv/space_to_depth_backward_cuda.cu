#include "kernels/conv/backends.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

template <class T, bool kAligned>
__global__ void SpaceToDepthBackwardKernel(const T* dy, T* dx, int images, int height, int width,
                                           int channels) {
  const int merged_rows = (height + 1) / 2;
  const int merged_columns = (width + 1) / 2;
  const int vectors = (channels + kVectorWidth - 1) / kVectorWidth;
  unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const int channel = static_cast<int>(index % vectors) * kVectorWidth;
  const int64_t cell = index / vectors;
  index /= vectors;
  const int column = static_cast<int>(index % width);
  index /= width;
  const int row = static_cast<int>(index % height);
  const int64_t image = index / height;
  if (image >= images) return;
  const int64_t merged = (image * merged_rows + row / 2) * merged_columns + column / 2;
  const int part = row % 2 + 2 * (column % 2);
  float values[kVectorWidth];
  LoadUpTo<kAligned>(dy + (merged * 4 + part) * channels + channel, channels - channel, values);
  StoreUpTo<kAligned>(values, channels - channel, dx + cell * channels + channel);
}

}  // namespace
}  // namespace cuda

absl::Status SpaceToDepthBackwardCuda(const ConstTensorView& dy, const TensorView& dx,
                                      Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (dx.elements() == 0) return absl::OkStatus();
  const bool aligned = IsVectorizable(dy, kVectorWidth) && IsVectorizable(dx, kVectorWidth);
  const unsigned blocks =
      BlockCount(dx.dim(0) * dx.dim(1) * dx.dim(2) * DivideUp(dx.dim(3), kVectorWidth), kThreads);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(dx.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      SpaceToDepthBackwardKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(dy), Data<T>(dx), static_cast<int>(dx.dim(0)), static_cast<int>(dx.dim(1)),
          static_cast<int>(dx.dim(2)), static_cast<int>(dx.dim(3)));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
