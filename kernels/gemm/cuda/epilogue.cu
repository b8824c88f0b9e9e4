#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation.cuh"
#include "kernels/gemm/cuda/epilogue.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba::cuda {
namespace {

constexpr int kThreads = 256;

template <class T, bool kAligned>
__global__ void EpilogueKernel(const T* product, int64_t product_stride, const float* bias,
                               Activation activation, const T* residual, int64_t residual_stride,
                               T* y, int64_t y_stride, unsigned rows, unsigned columns) {
  const unsigned vectors = (columns + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned row = index / vectors;
  if (row >= rows) return;
  const int64_t column = int64_t{index % vectors} * kVectorWidth;
  const int64_t count = columns - column;
  float values[kVectorWidth];
  float other[kVectorWidth];
  LoadUpTo<kAligned>(product + row * product_stride + column, count, values);
  if (bias != nullptr) {
    LoadUpTo<kAligned>(bias + column, count, other);
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) values[i] += other[i];
  }
  Activate(activation, values);
  if (residual != nullptr) {
    LoadUpTo<kAligned>(residual + row * residual_stride + column, count, other);
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) values[i] += other[i];
  }
  StoreUpTo<kAligned>(values, count, y + row * y_stride + column);
}

template <class T>
__global__ void RoundKernel(const float* from, T* to, int64_t count) {
  const int64_t index = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (index < count) to[index] = FromFloat<T>(from[index]);
}

}  // namespace

absl::Status ApplyEpilogue(const ConstTensorView& product, const LinearArgs& args, Stream& stream) {
  const auto rows = static_cast<unsigned>(args.y.dim(0));
  const auto columns = static_cast<unsigned>(args.y.dim(1));
  const bool aligned =
      IsVectorizable(product, kVectorWidth) && IsVectorizable(args.y, kVectorWidth) &&
      IsVectorizable(args.bias, kVectorWidth) && IsVectorizable(args.residual, kVectorWidth);
  const unsigned blocks = BlockCount(rows * DivideUp(columns, kVectorWidth), kThreads);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(args.y.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      EpilogueKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(product), RowStride(product), Data<float>(args.bias), args.activation,
          Data<T>(args.residual), args.residual.empty() ? 0 : RowStride(args.residual),
          Data<T>(args.y), RowStride(args.y), rows, columns);
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

absl::Status Round(const ConstTensorView& from, const TensorView& to, Stream& stream) {
  const int64_t count = from.elements();
  cudaStream_t handle = Activate(stream);
  DispatchFloat(to.dtype(), [&]<class T>(T) {
    RoundKernel<<<BlockCount(count, kThreads), kThreads, 0, handle>>>(Data<float>(from),
                                                                      Data<T>(to), count);
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba::cuda
