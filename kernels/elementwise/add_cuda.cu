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
__global__ void AddKernel(const T* a, int64_t a_stride, const T* b, unsigned b_rows, T* y,
                          int64_t y_stride, unsigned rows, unsigned columns) {
  const unsigned vectors = (columns + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned row = index / vectors;
  if (row >= rows) return;
  const int64_t column = int64_t{index % vectors} * kVectorWidth;
  const int64_t count = columns - column;
  float sum[kVectorWidth];
  float summand[kVectorWidth];
  LoadUpTo<kAligned>(a + row * a_stride + column, count, sum);
  LoadUpTo<kAligned>(b + int64_t{row % b_rows} * columns + column, count, summand);
#pragma unroll
  for (int i = 0; i < kVectorWidth; ++i) sum[i] += summand[i];
  StoreUpTo<kAligned>(sum, count, y + row * y_stride + column);
}

}  // namespace
}  // namespace cuda

absl::Status AddCuda(const ConstTensorView& a, const ConstTensorView& b, const TensorView& y,
                     Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (a.elements() == 0) return absl::OkStatus();
  const bool aligned = IsVectorizable(a, kVectorWidth) && IsVectorizable(b, kVectorWidth) &&
                       IsVectorizable(y, kVectorWidth);
  const auto rows = static_cast<unsigned>(a.dim(0));
  const auto columns = static_cast<unsigned>(a.dim(1));
  const unsigned blocks = BlockCount(rows * DivideUp(columns, kVectorWidth), kThreads);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(a.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      AddKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(a), RowStride(a), Data<T>(b), static_cast<unsigned>(b.dim(0)), Data<T>(y),
          RowStride(y), rows, columns);
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
