// Tiles go through shared memory, so that both reads and writes run along rows.
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kTile = 32;
constexpr int kRowsAtATime = 8;

template <class T>
__global__ void TransposeTokensKernel(const T* x, int64_t batch_stride, int64_t row_stride, T* y,
                                      unsigned length, unsigned channels) {
  __shared__ T tile[kTile][kTile + 1];  // the extra column keeps threads out of each other's banks
  const unsigned channel_tiles = (channels + kTile - 1) / kTile;
  const unsigned length_tiles = (length + kTile - 1) / kTile;
  const unsigned channel_begin = blockIdx.x % channel_tiles * kTile;
  const unsigned row_begin = blockIdx.x / channel_tiles % length_tiles * kTile;
  const int64_t image = blockIdx.x / channel_tiles / length_tiles;

  const T* source = x + image * batch_stride;
  for (unsigned i = threadIdx.y; i < kTile; i += kRowsAtATime) {
    const unsigned row = row_begin + i;
    const unsigned channel = channel_begin + threadIdx.x;
    if (row < length && channel < channels) {
      tile[i][threadIdx.x] = source[row * row_stride + channel];
    }
  }
  __syncthreads();
  T* destination = y + image * channels * length;
  for (unsigned i = threadIdx.y; i < kTile; i += kRowsAtATime) {
    const unsigned row = row_begin + threadIdx.x;
    const unsigned channel = channel_begin + i;
    if (row < length && channel < channels) {
      destination[int64_t{channel} * length + row] = tile[threadIdx.x][i];
    }
  }
}

}  // namespace
}  // namespace cuda

absl::Status TransposeTokensCuda(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (x.elements() == 0) return absl::OkStatus();
  const unsigned blocks =
      BlockCount(x.dim(0) * DivideUp(x.dim(1), kTile) * DivideUp(x.dim(2), kTile), 1);
  const int64_t row_stride = x.dim(1) > 1 ? x.stride(1) : x.dim(2);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    TransposeTokensKernel<T><<<blocks, dim3(kTile, kRowsAtATime), 0, handle>>>(
        Data<T>(x), x.stride(0), row_stride, Data<T>(y), static_cast<unsigned>(x.dim(1)),
        static_cast<unsigned>(x.dim(2)));
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
