// One row a block; k passes, each of which finds the first element after the last one found. For
// the few classes an answer names this reads a row that stays in cache k times, and needs neither
// a sort nor memory.
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/reduce.cuh"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

struct Element {
  float value;
  int index;  // -1: none
};

// Descending values, NaN last; equal ones by ascending index.
__device__ bool ComesBefore(const Element& a, const Element& b) {
  const bool a_is_nan = isnan(a.value);
  const bool b_is_nan = isnan(b.value);
  if (a_is_nan != b_is_nan) return b_is_nan;
  if (!a_is_nan && a.value != b.value) return a.value > b.value;
  return a.index < b.index;
}

__device__ Element First(const Element& a, const Element& b) {
  if (a.index < 0) return b;
  if (b.index < 0) return a;
  return ComesBefore(a, b) ? a : b;
}

__device__ Element FirstOfWarp(Element element) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) {
    const Element other = {__shfl_xor_sync(0xffffffffU, element.value, offset),
                           __shfl_xor_sync(0xffffffffU, element.index, offset)};
    element = First(element, other);
  }
  return element;
}

__global__ void TopKKernel(const float* x, int columns, int k, float* values, int* indices) {
  __shared__ Element of_warp[kThreads / 32];
  const float* row = x + int64_t{blockIdx.x} * columns;
  Element last = {0.0F, -1};
  for (int rank = 0; rank < k; ++rank) {
    Element first = {0.0F, -1};
    for (int i = static_cast<int>(threadIdx.x); i < columns; i += kThreads) {
      const Element element = {row[i], i};
      if (rank == 0 || ComesBefore(last, element)) first = First(first, element);
    }
    first = FirstOfWarp(first);
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = first;
    __syncthreads();
    last = of_warp[0];
#pragma unroll
    for (int i = 1; i < kThreads / 32; ++i) last = First(last, of_warp[i]);
    if (threadIdx.x == 0) {
      values[int64_t{blockIdx.x} * k + rank] = last.value;
      indices[int64_t{blockIdx.x} * k + rank] = last.index;
    }
    __syncthreads();
  }
}

}  // namespace
}  // namespace cuda

absl::Status TopKCuda(const ConstTensorView& x, const TensorView& values, const TensorView& indices,
                      Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (values.elements() == 0) return absl::OkStatus();
  TopKKernel<<<BlockCount(x.dim(0), 1), kThreads, 0, Activate(stream)>>>(
      Data<float>(x), static_cast<int>(x.dim(1)), static_cast<int>(values.dim(1)),
      Data<float>(values), Data<int>(indices));
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
