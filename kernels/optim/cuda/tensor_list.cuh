// Many tensors, most of them small, in one launch: their addresses travel as arguments of the
// kernel.
#ifndef LOCALMAMBA_KERNELS_OPTIM_CUDA_TENSOR_LIST_CUH_
#define LOCALMAMBA_KERNELS_OPTIM_CUDA_TENSOR_LIST_CUH_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/launch.h"

namespace localmamba::cuda {

constexpr int kListThreads = 256;
constexpr int64_t kPieceElements = 4096;  // of one tensor, for one block
constexpr int kListTensors = 500;         // of one launch: arguments may take 32764 bytes

// One tensor of a list: kPointers addresses, a factor of its own.
template <int kPointers>
struct ListedTensor {
  float* pointers[kPointers];
  float factor;
  unsigned first_block;
  int64_t count;  // of elements
};

template <int kPointers>
struct TensorList {
  ListedTensor<kPointers> tensors[kListTensors];
  int size;
};

// The piece of a list that a block works on.
template <int kPointers>
struct ListPiece {
  const ListedTensor<kPointers>& tensor;
  int64_t begin, end;
};

template <int kPointers>
__device__ __forceinline__ ListPiece<kPointers> PieceOfBlock(const TensorList<kPointers>& list) {
  int low = 0;  // the last tensor whose first block is not after this one
  int high = list.size;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    if (list.tensors[middle].first_block <= blockIdx.x)
      low = middle;
    else
      high = middle;
  }
  const ListedTensor<kPointers>& tensor = list.tensors[low];
  const int64_t begin = (blockIdx.x - tensor.first_block) * kPieceElements;
  const int64_t end = begin + kPieceElements < tensor.count ? begin + kPieceElements : tensor.count;
  return {tensor, begin, end};
}

// Calls body(begin, aligned) in each thread of the block for the groups of four elements of the
// piece that are its own; `aligned`: all four exist, and lie at addresses for float4.
template <int kPointers, class Body>
__device__ __forceinline__ void ForEachFour(const ListPiece<kPointers>& piece, Body body) {
  uintptr_t addresses = 0;
#pragma unroll
  for (int i = 0; i < kPointers; ++i) {
    addresses |= reinterpret_cast<uintptr_t>(piece.tensor.pointers[i]);
  }
  const bool aligned = addresses % sizeof(float4) == 0;
  for (int64_t i = piece.begin + 4 * threadIdx.x; i < piece.end; i += 4 * kListThreads) {
    body(i, aligned && i + 4 <= piece.end);
  }
}

// Four elements, or those of them that exist, the others 0.
__device__ __forceinline__ void LoadFour(const float* from, int64_t count, bool aligned,
                                         float (&values)[4]) {
  if (aligned) {
    const float4 four = *reinterpret_cast<const float4*>(from);
    values[0] = four.x, values[1] = four.y, values[2] = four.z, values[3] = four.w;
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) values[i] = i < count ? from[i] : 0.0F;
}

__device__ __forceinline__ void StoreFour(const float (&values)[4], int64_t count, bool aligned,
                                          float* to) {
  if (aligned) {
    *reinterpret_cast<float4*>(to) = {values[0], values[1], values[2], values[3]};
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (i < count) to[i] = values[i];
  }
}

// Blocks that a tensor of `count` elements takes.
inline int64_t PiecesOf(int64_t count) { return DivideUp(count, kPieceElements); }

// Calls launch(list, blocks, first_block) for lists that cover all of `tensors`, whose entries
// describe(tensor) makes (but for first_block). `first_block` counts the blocks of earlier
// launches.
template <int kPointers, class Tensors, class Describe, class Launch>
absl::Status LaunchLists(const Tensors& tensors, Describe describe, Launch launch) {
  TensorList<kPointers> list = {};
  unsigned blocks = 0;
  unsigned earlier = 0;
  const auto flush = [&]() -> absl::Status {
    if (blocks == 0) return absl::OkStatus();
    launch(list, blocks, earlier);
    LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
    earlier += blocks;
    blocks = 0;
    list.size = 0;
    return absl::OkStatus();
  };
  for (const auto& tensor : tensors) {
    ListedTensor<kPointers> entry = describe(tensor);
    if (entry.count == 0) continue;
    if (list.size == kListTensors) LM_RETURN_IF_ERROR(flush());
    entry.first_block = blocks;
    list.tensors[list.size++] = entry;
    blocks += static_cast<unsigned>(PiecesOf(entry.count));
  }
  return flush();
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_OPTIM_CUDA_TENSOR_LIST_CUH_
