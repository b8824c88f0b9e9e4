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

// As on the CPU, without a fused multiply-add, which would round otherwise.
__device__ unsigned NearestSource(unsigned i, float scale, unsigned in) {
  return min(static_cast<unsigned>(__fmul_rn(static_cast<float>(i), scale)), in - 1);
}

// A thread copies kVectorWidth channels of one cell of y.
template <class T, bool kAligned>
__global__ void ResizeNearestKernel(const T* x, unsigned H, unsigned W, unsigned C, float row_scale,
                                    float column_scale, T* y, unsigned cells, unsigned Ho,
                                    unsigned Wo) {
  const unsigned vectors = (C + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned cell = index / vectors;
  if (cell >= cells) return;
  const int64_t channel = int64_t{index % vectors} * kVectorWidth;
  const int64_t count = C - channel;
  const unsigned column = NearestSource(cell % Wo, column_scale, W);
  const unsigned row = NearestSource(cell / Wo % Ho, row_scale, H);
  const unsigned image = cell / Wo / Ho;
  float values[kVectorWidth];
  LoadUpTo<kAligned>(x + (int64_t{image * H + row} * W + column) * C + channel, count, values);
  StoreUpTo<kAligned>(values, count, y + int64_t{cell} * C + channel);
}

}  // namespace
}  // namespace cuda

absl::Status ResizeNearestCuda(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (y.elements() == 0) return absl::OkStatus();
  const int64_t C = x.dim(3);
  const int64_t cells = y.elements() / C;
  const bool aligned = IsVectorizable(x, kVectorWidth) && IsVectorizable(y, kVectorWidth);
  const unsigned blocks = BlockCount(cells * DivideUp(C, kVectorWidth), kThreads);
  const auto scale = [&](int axis) {
    return static_cast<float>(x.dim(axis)) / static_cast<float>(y.dim(axis));
  };
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      ResizeNearestKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(x), static_cast<unsigned>(x.dim(1)), static_cast<unsigned>(x.dim(2)),
          static_cast<unsigned>(C), scale(1), scale(2), Data<T>(y), static_cast<unsigned>(cells),
          static_cast<unsigned>(y.dim(1)), static_cast<unsigned>(y.dim(2)));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
