// One row a block.
//
// For the few classes an answer names: k passes, each of which finds the first element after the
// last one found. This reads a row that stays in cache k times, and needs neither a sort nor memory.
//
// For the candidates of a detector, up to kMaxSorted: selection, then a sort of those selected.
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/reduce.cuh"
#include "kernels/device/cuda/select.cuh"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kSelectThreads = 1024;
constexpr int kSelectCopies = 2;
constexpr int kMaxPasses = 32;  // k
constexpr int kMaxSorted = 2048;

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

// sorted: the power of two that is k or more.
__global__ void __launch_bounds__(kSelectThreads)
    SelectTopKKernel(const float* x, int columns, int k, int sorted, float* values, int* indices) {
  __shared__ SelectScratch<kSelectCopies> scratch;
  __shared__ uint64_t keys[kMaxSorted];
  __shared__ int collected;
  const auto thread = static_cast<int>(threadIdx.x);
  const float* row = x + int64_t{blockIdx.x} * columns;
  const auto key_at = [&](int i) { return DescendingKey(row[i], i); };
  const uint64_t bound = SelectSmallest<kSelectThreads>(key_at, columns, 0, k, scratch);
  for (int i = thread; i < sorted; i += kSelectThreads) keys[i] = UINT64_MAX;
  if (thread == 0) collected = 0;
  __syncthreads();
#pragma unroll 4
  for (int i = thread; i < columns; i += kSelectThreads) {
    const uint64_t key = key_at(i);
    if (key <= bound) keys[atomicAdd(&collected, 1)] = key;
  }
  SortKeys<kSelectThreads>(keys, sorted);
  for (int i = thread; i < k; i += kSelectThreads) {
    const int index = IndexOf(keys[i]);
    values[int64_t{blockIdx.x} * k + i] = row[index];
    indices[int64_t{blockIdx.x} * k + i] = index;
  }
}

int PowerOfTwoFrom(int64_t count) {
  int power = 1;
  while (power < count) power *= 2;
  return power;
}

}  // namespace
}  // namespace cuda

absl::Status TopKCuda(const ConstTensorView& x, const TensorView& values, const TensorView& indices,
                      Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (values.elements() == 0) return absl::OkStatus();
  const int64_t k = values.dim(1);
  const unsigned rows = BlockCount(x.dim(0), 1);
  const auto columns = static_cast<int>(x.dim(1));
  if (k <= kMaxPasses || k > kMaxSorted) {
    TopKKernel<<<rows, kThreads, 0, Activate(stream)>>>(
        Data<float>(x), columns, static_cast<int>(k), Data<float>(values), Data<int>(indices));
  } else {
    SelectTopKKernel<<<rows, kSelectThreads, 0, Activate(stream)>>>(
        Data<float>(x), columns, static_cast<int>(k), PowerOfTwoFrom(k), Data<float>(values),
        Data<int>(indices));
  }
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
