// A block sums 64 columns over one part of the rows: 8 neighbouring threads cover them, 32 such
// groups share the rows, and their sums meet in shared memory in a fixed order. Where there are
// several parts, a second launch of the same kernel sums their sums.
#include <algorithm>

#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreadColumns = 8;
constexpr int kGroups = 32;
constexpr int kTile = kThreadColumns * kVectorWidth;  // columns of a block
// Enough blocks to fill a GPU; not a GPU's own number, so that all get the same sums.
constexpr int64_t kBlocks = 1024;
constexpr int64_t kLeastRows = 4 * kGroups;  // of a part

// sums[part, p, n] = sum over the part's repeats r of x[r * period + p, n].
template <class T, bool kAligned>
__global__ void SumRowsKernel(const T* x, int64_t row_stride, int repeats, int rows_a_part,
                              int period, int columns, float* sums) {
  __shared__ float of_group[kGroups][kTile + 1];
  const int tiles = (columns + kTile - 1) / kTile;
  const int first = static_cast<int>(blockIdx.x % tiles) * kTile;
  const int p = static_cast<int>(blockIdx.x / tiles % period);
  const int part = static_cast<int>(blockIdx.x / tiles / period);
  const int column = first + static_cast<int>(threadIdx.x) * kVectorWidth;
  const int end = min(repeats, (part + 1) * rows_a_part);

  float sum[kVectorWidth] = {};
  const T* const source = x + p * row_stride + column;
#pragma unroll 4
  for (int r = part * rows_a_part + static_cast<int>(threadIdx.y); r < end; r += kGroups) {
    float values[kVectorWidth];
    LoadUpTo<kAligned>(source + r * period * row_stride, columns - column, values);
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) sum[i] += values[i];
  }
#pragma unroll
  for (int i = 0; i < kVectorWidth; ++i) {
    of_group[threadIdx.y][threadIdx.x * kVectorWidth + i] = sum[i];
  }
  __syncthreads();
  const int of_tile = static_cast<int>(threadIdx.y * kThreadColumns + threadIdx.x);
  if (of_tile < kTile && first + of_tile < columns) {
    float total = 0.0F;
#pragma unroll
    for (int group = 0; group < kGroups; ++group) total += of_group[group][of_tile];
    sums[(int64_t{part} * period + p) * columns + first + of_tile] = total;
  }
}

// `sums`: (parts, P, N).
absl::Status Launch(const ConstTensorView& x, int64_t period, int64_t parts, float* sums,
                    Stream& stream) {
  const int64_t repeats = x.dim(0) / period;
  const int64_t columns = x.dim(1);
  const unsigned blocks = BlockCount(parts * period * DivideUp(columns, kTile), 1);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(IsVectorizable(x, kVectorWidth), [&](auto is_aligned) {
      SumRowsKernel<T, is_aligned.value><<<blocks, dim3(kThreadColumns, kGroups), 0, handle>>>(
          Data<T>(x), RowStride(x), static_cast<int>(repeats),
          static_cast<int>(DivideUp(repeats, parts)), static_cast<int>(period),
          static_cast<int>(columns), sums);
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace
}  // namespace cuda

absl::Status SumRowsCuda(const ConstTensorView& x, const TensorView& y, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const int64_t period = y.dim(0);
  const int64_t columns = y.dim(1);
  if (columns == 0) return absl::OkStatus();
  const int64_t repeats = x.dim(0) / period;
  const int64_t parts = std::clamp<int64_t>(kBlocks / (period * DivideUp(columns, kTile)), 1,
                                            std::max<int64_t>(1, repeats / kLeastRows));
  if (parts == 1) return Launch(x, period, 1, Data<float>(y), stream);
  struct SumsOfParts;
  LM_ASSIGN_OR_RETURN(void* scratch,
                      GetScratch<SumsOfParts>(
                          static_cast<size_t>(parts * period * columns) * sizeof(float), stream));
  const TensorView sums(scratch, DType::kFloat32, {parts * period, columns}, stream.device());
  LM_RETURN_IF_ERROR(Launch(x, period, parts, Data<float>(sums), stream));
  return Launch(sums, period, 1, Data<float>(y), stream);
}

}  // namespace localmamba
