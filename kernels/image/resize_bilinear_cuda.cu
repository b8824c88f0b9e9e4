#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/image/backends.h"
#include "kernels/image/bilinear_taps.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

struct Strides {
  int64_t image, row, column;
};

// A thread makes kVectorWidth channels of one cell of y.
template <class T, bool kAligned>
__global__ void ResizeBilinearKernel(const T* x, unsigned H, unsigned W, unsigned C,
                                     double row_scale, double column_scale, T* y, Strides strides,
                                     unsigned cells, unsigned Ho, unsigned Wo) {
  const unsigned vectors = (C + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned cell = index / vectors;
  if (cell >= cells) return;
  const int64_t channel = int64_t{index % vectors} * kVectorWidth;
  const int64_t count = C - channel;
  const unsigned j = cell % Wo;
  const unsigned i = cell / Wo % Ho;
  const unsigned image = cell / Wo / Ho;
  const DeviceBilinearTaps rows =
      MakeDeviceBilinearTaps(static_cast<int>(i), row_scale, static_cast<int>(H));
  const DeviceBilinearTaps columns =
      MakeDeviceBilinearTaps(static_cast<int>(j), column_scale, static_cast<int>(W));
  const T* map = x + int64_t{image} * H * W * C + channel;
  float corners[2][2][kVectorWidth];
#pragma unroll
  for (int p = 0; p < 2; ++p) {
#pragma unroll
    for (int q = 0; q < 2; ++q) {
      const int64_t at = int64_t{rows.index[p]} * W + columns.index[q];
      LoadUpTo<kAligned>(map + at * C, count, corners[p][q]);
    }
  }
  float result[kVectorWidth];
#pragma unroll
  for (int c = 0; c < kVectorWidth; ++c) {
    const float above = columns.weight[0] * corners[0][0][c] + columns.weight[1] * corners[0][1][c];
    const float below = columns.weight[0] * corners[1][0][c] + columns.weight[1] * corners[1][1][c];
    result[c] = rows.weight[0] * above + rows.weight[1] * below;
  }
  StoreUpTo<kAligned>(result, count,
                      y + image * strides.image + i * strides.row + j * strides.column + channel);
}

}  // namespace
}  // namespace cuda

absl::Status ResizeBilinearCuda(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (y.elements() == 0) return absl::OkStatus();
  const int64_t C = x.dim(3);
  const int64_t cells = y.elements() / C;
  const bool aligned = IsVectorizable(x, kVectorWidth) && IsVectorizable(y, kVectorWidth);
  const unsigned blocks = BlockCount(cells * DivideUp(C, kVectorWidth), kThreads);
  const auto scale = [&](int axis) {
    return static_cast<double>(x.dim(axis)) / static_cast<double>(y.dim(axis));
  };
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      ResizeBilinearKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(x), static_cast<unsigned>(x.dim(1)), static_cast<unsigned>(x.dim(2)),
          static_cast<unsigned>(C), scale(1), scale(2), Data<T>(y),
          Strides{y.stride(0), y.stride(1), y.stride(2)}, static_cast<unsigned>(cells),
          static_cast<unsigned>(y.dim(1)), static_cast<unsigned>(y.dim(2)));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
