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

template <class X, class Y, bool kAligned>
__global__ void AccumulateKernel(const X* x, int64_t x_stride, Y* y, int64_t y_stride,
                                 unsigned rows, unsigned columns) {
  const unsigned vectors = (columns + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned row = index / vectors;
  if (row >= rows) return;
  const int64_t column = int64_t{index % vectors} * kVectorWidth;
  const int64_t count = columns - column;
  float sum[kVectorWidth];
  float summand[kVectorWidth];
  LoadUpTo<kAligned>(y + row * y_stride + column, count, sum);
  LoadUpTo<kAligned>(x + row * x_stride + column, count, summand);
#pragma unroll
  for (int i = 0; i < kVectorWidth; ++i) sum[i] += summand[i];
  StoreUpTo<kAligned>(sum, count, y + row * y_stride + column);
}

}  // namespace
}  // namespace cuda

absl::Status AccumulateCuda(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (x.elements() == 0) return absl::OkStatus();
  const bool aligned = IsVectorizable(x, kVectorWidth) && IsVectorizable(y, kVectorWidth);
  const auto rows = static_cast<unsigned>(x.dim(0));
  const auto columns = static_cast<unsigned>(x.dim(1));
  const unsigned blocks = BlockCount(rows * DivideUp(columns, kVectorWidth), kThreads);
  cudaStream_t handle = Activate(stream);
  const auto launch = [&]<class X, class Y>(X, Y) {
    DispatchBool(aligned, [&](auto is_aligned) {
      AccumulateKernel<X, Y, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<X>(x), RowStride(x), Data<Y>(y), RowStride(y), rows, columns);
    });
  };
  DispatchFloat(x.dtype(), [&]<class X>(X) {
    if (y.dtype() == x.dtype())
      launch(X{}, X{});
    else
      launch(X{}, float{});
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
