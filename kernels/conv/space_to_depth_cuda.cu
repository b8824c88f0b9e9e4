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
__global__ void SpaceToDepthKernel(const T* x, int images, int height, int width, int channels,
                                   T* y) {
  const int merged_rows = (height + 1) / 2;
  const int merged_columns = (width + 1) / 2;
  const int vectors = (channels + kVectorWidth - 1) / kVectorWidth;
  unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const int channel = static_cast<int>(index % vectors) * kVectorWidth;
  const unsigned part = index / vectors;  // which quarter of which cell of y
  index = part / 4;
  const int column = 2 * static_cast<int>(index % merged_columns) + static_cast<int>(part % 4) / 2;
  index /= merged_columns;
  const int row = 2 * static_cast<int>(index % merged_rows) + static_cast<int>(part % 2);
  const int64_t image = index / merged_rows;
  if (image >= images) return;
  const bool inside = row < height && column < width;
  const T* source = x + ((image * height + row) * width + column) * channels + channel;
  float values[kVectorWidth];
  LoadUpTo<kAligned>(source, inside ? channels - channel : 0, values);
  StoreUpTo<kAligned>(values, channels - channel, y + int64_t{part} * channels + channel);
}

}  // namespace
}  // namespace cuda

absl::Status SpaceToDepthCuda(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (y.elements() == 0) return absl::OkStatus();
  const bool aligned = IsVectorizable(x, kVectorWidth) && IsVectorizable(y, kVectorWidth);
  const unsigned blocks =
      BlockCount(y.dim(0) * y.dim(1) * y.dim(2) * 4 * DivideUp(x.dim(3), kVectorWidth), kThreads);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      SpaceToDepthKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(x), static_cast<int>(x.dim(0)), static_cast<int>(x.dim(1)),
          static_cast<int>(x.dim(2)), static_cast<int>(x.dim(3)), Data<T>(y));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
