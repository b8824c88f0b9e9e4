// How the norms lay rows over threads: a group of neighbouring threads holds one row in registers,
// so that it is read from memory once.
#ifndef LOCALMAMBA_KERNELS_NORM_ROW_GROUP_CUH_
#define LOCALMAMBA_KERNELS_NORM_ROW_GROUP_CUH_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/device/cuda/reduce.cuh"
#include "kernels/device/cuda/vector.cuh"

namespace localmamba::cuda {

inline constexpr int kNormThreads = 256;

// kLanes threads, each with kVectors vectors of the row, kLanes vectors apart. With kAligned every
// row consists of whole vectors.
template <int kLaneCount, int kVectorCount, bool kIsAligned>
struct RowGroup {
  static constexpr int kLanes = kLaneCount;
  static constexpr int kVectors = kVectorCount;
  static constexpr bool kAligned = kIsAligned;
  static constexpr int kRowsPerBlock = kNormThreads / kLanes;
  static constexpr int kMaxColumns = kLanes * kVectors * kVectorWidth;

  using Registers = float[kVectors][kVectorWidth];

  // Which of the block's rows is this thread's.
  static __device__ __forceinline__ int RowOfBlock() {
    return static_cast<int>(threadIdx.x) / kLanes;
  }
  // First column of this thread's vector `v`.
  static __device__ __forceinline__ int Column(int v) {
    return (v * kLanes + static_cast<int>(threadIdx.x) % kLanes) * kVectorWidth;
  }

  // The row as it is stored, for loading it before it is needed.
  template <class T>
  using Stored = Vector<T, kVectorWidth>[kVectors];
  template <class T>
  static __device__ __forceinline__ void LoadStored(const T* row, int columns, Stored<T>& vectors) {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      vectors[v] = LoadStoredUpTo<kAligned, kVectorWidth>(row + Column(v), columns - Column(v));
    }
  }

  template <class T>
  static __device__ __forceinline__ void Load(const T* row, int columns, Registers& values) {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      LoadUpTo<kAligned>(row + Column(v), columns - Column(v), values[v]);
    }
  }

  // Over the row; every thread of the block takes part.
  static __device__ __forceinline__ float Sum(float value) {
    if constexpr (kLanes == kNormThreads)
      return ReduceBlock<kNormThreads>(value, Plus());
    else
      return ReduceLanes<kLanes>(value, Plus());
  }

  static __device__ __forceinline__ float Mean(const Registers& values, int columns) {
    float sum = 0.0F;
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) sum += values[v][i];  // zeros beyond the row
    }
    return Sum(sum) / static_cast<float>(columns);
  }

  // Mean of the squares of the differences from `centre`.
  static __device__ __forceinline__ float MeanSquare(const Registers& values, int columns,
                                                     float centre) {
    float sum = 0.0F;
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) {
        const bool inside = Column(v) + (kAligned ? 0 : i) < columns;
        const float difference = inside ? values[v][i] - centre : 0.0F;
        sum += difference * difference;
      }
    }
    return Sum(sum) / static_cast<float>(columns);
  }
};

// Columns a row may have.
inline constexpr int64_t kMaxNormColumns = RowGroup<kNormThreads, 4, true>::kMaxColumns;

inline absl::Status CheckColumns(absl::string_view operation, int64_t columns) {
  if (columns <= kMaxNormColumns) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(
      operation, ": rows of ", columns, " elements on CUDA, wanted at most ", kMaxNormColumns));
}

// Calls f(RowGroup) with the narrowest group that holds rows of `columns`, at most kMaxNormColumns.
// Three vectors a thread suit the widths 96 * 2^n of the networks.
template <class F>
void DispatchRowGroup(int64_t columns, bool aligned, F&& f) {
  if (!aligned) {
    f(RowGroup<kNormThreads, 4, false>());
  } else if (columns <= RowGroup<4, 3, true>::kMaxColumns) {
    f(RowGroup<4, 3, true>());
  } else if (columns <= RowGroup<8, 3, true>::kMaxColumns) {
    f(RowGroup<8, 3, true>());
  } else if (columns <= RowGroup<16, 3, true>::kMaxColumns) {
    f(RowGroup<16, 3, true>());
  } else if (columns <= RowGroup<32, 3, true>::kMaxColumns) {
    f(RowGroup<32, 3, true>());
  } else if (columns <= RowGroup<32, 6, true>::kMaxColumns) {
    f(RowGroup<32, 6, true>());
  } else {
    f(RowGroup<kNormThreads, 4, true>());
  }
}

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_NORM_ROW_GROUP_CUH_
