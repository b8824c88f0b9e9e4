// What the backward kernels of the norms share: one kernel that keeps a row and its gradient in
// registers (row_group.cuh), so that both are read once. Each block takes rows in turn; a thread
// meets the same channels in every row, so the sums for the gradients of weight and bias are
// registers too. A second kernel adds the sums of the blocks, in a fixed order.
#ifndef LOCALMAMBA_KERNELS_NORM_NORM_BACKWARD_CUH_
#define LOCALMAMBA_KERNELS_NORM_NORM_BACKWARD_CUH_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/norm/row_group.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba::cuda {

// More blocks would only add partial sums: these fill the device.
inline constexpr int kBlocksPerMultiprocessor = 4;

struct NormBackwardParams {
  const float* weight;  // may be null
  int64_t rows;
  int columns;
  float eps;
  bool centred;  // false for an RMS norm
};

// g becomes the gradient of the row by the formula of row_norm_backward-inl.h.
template <class Group>
__device__ __forceinline__ void InputGradient(const typename Group::Registers& normalized,
                                              float scale, bool centred, int columns,
                                              typename Group::Registers& g) {
  float sum = 0.0F;
  float sum_normalized = 0.0F;
#pragma unroll
  for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) {
      sum += g[v][i];  // zeros beyond the row
      sum_normalized = fmaf(g[v][i], normalized[v][i], sum_normalized);
    }
  }
  const float mean = centred ? Group::Sum(sum) / static_cast<float>(columns) : 0.0F;
  const float mean_normalized = Group::Sum(sum_normalized) / static_cast<float>(columns);
#pragma unroll
  for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) {
      g[v][i] = scale * (g[v][i] - mean - normalized[v][i] * mean_normalized);
    }
  }
}

// sums[c] = the sum of `values` over the rows that the block holds. All threads of the block take
// part. of_group: kRowsPerBlock rows of `columns` floats in shared memory.
template <class Group>
__device__ __forceinline__ void SumOfGroups(const typename Group::Registers& values, int columns,
                                            float* of_group, float* sums) {
  __syncthreads();  // of_group has been read
#pragma unroll
  for (int v = 0; v < Group::kVectors; ++v) {
    const int column = Group::Column(v);
    StoreUpTo<false>(values[v], columns - column,
                     of_group + Group::RowOfBlock() * columns + column);
  }
  __syncthreads();
  for (int column = static_cast<int>(threadIdx.x); column < columns; column += kNormThreads) {
    float total = 0.0F;
    for (int group = 0; group < Group::kRowsPerBlock; ++group) {
      total += of_group[group * columns + column];
    }
    sums[column] = total;
  }
}

template <class Group>
size_t SharedBytesOfGroups(int columns) {
  return static_cast<size_t>(Group::kRowsPerBlock) * static_cast<size_t>(columns) * sizeof(float);
}

// Blocks that a multiprocessor should hold: with three vectors a thread the compiler would take all
// registers for one block, and the norms in 16 bits would take up to 1.6 times as long.
template <class Group>
inline constexpr int kMinBlocks = Group::kVectors == 3 ? 2 : 1;

// Op is one of the norms:
//   LoadX<Group>(row, columns, x), LoadDy<Group>(row, columns, dy): the first `columns` elements of
//       a row, then zeros;
//   Gate<Group>(row, columns, normalized, dn): turns dy into dn;
//   StoreDx<Group>(row, columns, dx).
// partial: (gridDim.x, 2, columns), sums for weight and bias; null if they are not wanted.
template <class Group, class Op>
__global__ void __launch_bounds__(kNormThreads, kMinBlocks<Group>)
    NormBackwardKernel(Op op, NormBackwardParams params, float* partial) {
  extern __shared__ float of_group[];
  typename Group::Registers dweight = {};
  typename Group::Registers dbias = {};
  const int64_t step = int64_t{gridDim.x} * Group::kRowsPerBlock;
  for (int64_t first = int64_t{blockIdx.x} * Group::kRowsPerBlock; first < params.rows;
       first += step) {
    const int64_t row = first + Group::RowOfBlock();
    // Threads without a row stay for the sums.
    const int columns = row < params.rows ? params.columns : 0;
    typename Group::Registers x;
    typename Group::Registers g;
    op.template LoadX<Group>(row, columns, x);
    op.template LoadDy<Group>(row, columns, g);
    const float mean = params.centred ? Group::Mean(x, params.columns) : 0.0F;
    const float scale = rsqrtf(Group::MeanSquare(x, params.columns, mean) + params.eps);
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
      for (float& value : x[v]) value = (value - mean) * scale;
    }
    op.template Gate<Group>(row, columns, x, g);
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) {
        dweight[v][i] = fmaf(g[v][i], x[v][i], dweight[v][i]);
        dbias[v][i] += g[v][i];
      }
      if (params.weight != nullptr) {
        const int column = Group::Column(v);
        float weight[kVectorWidth];
        LoadUpTo<Group::kAligned>(params.weight + column, params.columns - column, weight);
#pragma unroll
        for (int i = 0; i < kVectorWidth; ++i) g[v][i] *= weight[i];
      }
    }
    InputGradient<Group>(x, scale, params.centred, params.columns, g);
    op.template StoreDx<Group>(row, columns, g);
  }
  if (partial == nullptr) return;
  float* sums = partial + int64_t{blockIdx.x} * 2 * params.columns;
  SumOfGroups<Group>(dweight, params.columns, of_group, sums);
  SumOfGroups<Group>(dbias, params.columns, of_group, sums + params.columns);
}

// The rows of a norm without a gate.
struct Ungated {
  template <class Group>
  __device__ __forceinline__ void Gate(int64_t, int, const typename Group::Registers&,
                                       typename Group::Registers&) const {}
};

inline constexpr int kSumLanes = 32;

// sums[c] = sum over `count` rows, `stride` apart, of row[c]. Blocks of kSumLanes columns by
// kSumLanes rows at a time.
inline __global__ void SumRowsKernel(const float* rows, int count, int stride, int columns,
                                     float* sums) {
  __shared__ float of_lane[kSumLanes][kSumLanes + 1];
  const int column = static_cast<int>(blockIdx.x) * kSumLanes + static_cast<int>(threadIdx.x);
  float total = 0.0F;
  if (column < columns) {
#pragma unroll 8
    for (int row = static_cast<int>(threadIdx.y); row < count; row += kSumLanes) {
      total += rows[int64_t{row} * stride + column];
    }
  }
  of_lane[threadIdx.y][threadIdx.x] = total;
  __syncthreads();
  // A warp now takes one column, with the sums of its rows side by side.
  total = ReduceLanes<kSumLanes>(of_lane[threadIdx.x][threadIdx.y], Plus());
  const int of_warp = static_cast<int>(blockIdx.x) * kSumLanes + static_cast<int>(threadIdx.y);
  if (threadIdx.x == 0 && of_warp < columns) sums[of_warp] = total;
}

// Writes the sums over `count` rows to `sums`, unless that is absent.
inline void SumRowsTo(const TensorView& sums, const float* rows, int count, int stride,
                      cudaStream_t stream) {
  if (sums.empty()) return;
  const auto columns = static_cast<int>(sums.elements());
  SumRowsKernel<<<BlockCount(columns, kSumLanes), dim3(kSumLanes, kSumLanes), 0, stream>>>(
      rows, count, stride, columns, Data<float>(sums));
}

// Returns what f(RowGroup) does, as DispatchRowGroup with groups that leave registers for the
// gradient and the sums.
template <class F>
absl::Status DispatchBackwardRowGroup(int64_t columns, bool aligned, F&& f) {
  if (!aligned) return f(RowGroup<kNormThreads, 4, false>());
  if (columns <= RowGroup<4, 3, true>::kMaxColumns) return f(RowGroup<4, 3, true>());
  if (columns <= RowGroup<8, 3, true>::kMaxColumns) return f(RowGroup<8, 3, true>());
  if (columns <= RowGroup<16, 3, true>::kMaxColumns) return f(RowGroup<16, 3, true>());
  if (columns <= RowGroup<32, 3, true>::kMaxColumns) return f(RowGroup<32, 3, true>());
  if (columns <= RowGroup<kNormThreads, 1, true>::kMaxColumns) {
    return f(RowGroup<kNormThreads, 1, true>());
  }
  return f(RowGroup<kNormThreads, 4, true>());
}

struct NormBackwardSums;  // of GetScratch

// The gradients of all rows and the sums over them. Either sum may be absent.
template <class Op>
absl::Status LaunchNormBackward(const Op& op, const NormBackwardParams& params, bool aligned,
                                const TensorView& dweight, const TensorView& dbias,
                                Stream& stream) {
  cudaStream_t handle = Activate(stream);
  float* partial = nullptr;
  unsigned blocks = 0;
  const auto launch = [&]<class Group>(Group) -> absl::Status {
    const auto most = static_cast<unsigned>(kBlocksPerMultiprocessor * MultiprocessorCount(stream));
    blocks = std::min(BlockCount(params.rows, Group::kRowsPerBlock), most);
    if (!dweight.empty() || !dbias.empty()) {
      const size_t floats = size_t{blocks} * 2 * static_cast<size_t>(params.columns);
      LM_ASSIGN_OR_RETURN(void* const scratch,
                          GetScratch<NormBackwardSums>(floats * sizeof(float), stream));
      partial = static_cast<float*>(scratch);
    }
    NormBackwardKernel<Group>
        <<<blocks, kNormThreads, SharedBytesOfGroups<Group>(params.columns), handle>>>(op, params,
                                                                                       partial);
    return absl::OkStatus();
  };
  if (params.rows > 0) {
    LM_RETURN_IF_ERROR(DispatchBackwardRowGroup(params.columns, aligned, launch));
  }
  const auto count = static_cast<int>(blocks);
  SumRowsTo(dweight, partial, count, 2 * params.columns, handle);
  SumRowsTo(dbias, partial + params.columns, count, 2 * params.columns, handle);
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_NORM_NORM_BACKWARD_CUH_
