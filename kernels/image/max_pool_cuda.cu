#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/image/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

// A thread makes kVectorWidth channels of one cell of y.
template <class T, bool kAligned>
__global__ void MaxPoolKernel(const T* x, unsigned H, unsigned W, unsigned C, unsigned size,
                              unsigned stride, T* y, unsigned cells, unsigned Ho, unsigned Wo) {
  const unsigned vectors = (C + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned cell = index / vectors;
  if (cell >= cells) return;
  const int64_t channel = int64_t{index % vectors} * kVectorWidth;
  const int64_t count = C - channel;
  const unsigned column = cell % Wo * stride;
  const unsigned row = cell / Wo % Ho * stride;
  const unsigned image = cell / Wo / Ho;
  const T* corner = x + (int64_t{image * H + row} * W + column) * C + channel;
  float largest[kVectorWidth];
  LoadUpTo<kAligned>(corner, count, largest);
  for (unsigned tap = 1; tap < size * size; ++tap) {
    float values[kVectorWidth];
    LoadUpTo<kAligned>(corner + (int64_t{tap / size} * W + tap % size) * C, count, values);
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) largest[i] = fmaxf(largest[i], values[i]);
  }
  StoreUpTo<kAligned>(largest, count, y + int64_t{cell} * C + channel);
}

}  // namespace
}  // namespace cuda

absl::Status MaxPoolCuda(const ConstTensorView& x, const MaxPoolWindow& window, const TensorView& y,
                         Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (y.elements() == 0) return absl::OkStatus();
  const int64_t C = x.dim(3);
  const int64_t cells = y.elements() / C;
  const bool aligned = IsVectorizable(x, kVectorWidth) && IsVectorizable(y, kVectorWidth);
  const unsigned blocks = BlockCount(cells * DivideUp(C, kVectorWidth), kThreads);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      MaxPoolKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(x), static_cast<unsigned>(x.dim(1)), static_cast<unsigned>(x.dim(2)),
          static_cast<unsigned>(C), static_cast<unsigned>(window.size),
          static_cast<unsigned>(window.stride), Data<T>(y), static_cast<unsigned>(cells),
          static_cast<unsigned>(y.dim(1)), static_cast<unsigned>(y.dim(2)));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
