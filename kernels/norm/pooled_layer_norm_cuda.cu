// Two stages, both with sums in a fixed order. First each block normalises a run of tokens of one
// sequence in registers, row by row, the next row under way, and adds them up: a thread meets the
// same channels in every row, so the sums are registers too. Then the sums of the runs are added.
// When there are sequences enough to fill the device a sequence is one run, and the first stage
// does it all.
#include <algorithm>

#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/norm/backends.h"
#include "kernels/norm/row_group.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kSumThreads = 256;

// y = sum * scale * weight + bias; weight and bias may be null.
struct Finish {
  const float* weight;
  const float* bias;
  float scale;

  __device__ float operator()(float sum, int column) const {
    const float mean = sum * scale;
    return weight == nullptr ? mean : mean * weight[column] + bias[column];
  }
};

// Dynamic shared memory: kRowsPerBlock rows of `columns` floats. sums: (sequences, runs, columns).
template <class Group, class T>
__global__ void __launch_bounds__(kNormThreads)
    SumOfNormsKernel(const T* x, int length, int columns, int runs, float eps, float* sums,
                     Finish finish) {
  extern __shared__ float of_group[];
  const int sequence = static_cast<int>(blockIdx.x) / runs;
  const int run = static_cast<int>(blockIdx.x) % runs;
  const int end = static_cast<int>(int64_t{length} * (run + 1) / runs);
  const T* rows = x + int64_t{sequence} * length * columns;

  int row = static_cast<int>(int64_t{length} * run / runs) + Group::RowOfBlock();
  // All groups take as many turns, those without a row too: the sums need every thread.
  const int turns =
      (end - row + Group::RowOfBlock() + Group::kRowsPerBlock - 1) / Group::kRowsPerBlock;
  typename Group::Registers sum = {};
  typename Group::template Stored<T> next;
  Group::LoadStored(rows + int64_t{row} * columns, row < end ? columns : 0, next);
  for (int turn = 0; turn < turns; ++turn, row += Group::kRowsPerBlock) {
    typename Group::Registers values;
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) ToFloats(next[v], values[v]);
    const int next_row = row + Group::kRowsPerBlock;
    Group::LoadStored(rows + int64_t{next_row} * columns, next_row < end ? columns : 0, next);
    const float mean = Group::Mean(values, columns);
    const float scale = rsqrtf(Group::MeanSquare(values, columns, mean) + eps);
    if (row < end) {
#pragma unroll
      for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
        for (int i = 0; i < kVectorWidth; ++i) sum[v][i] += (values[v][i] - mean) * scale;
      }
    }
  }
#pragma unroll
  for (int v = 0; v < Group::kVectors; ++v) {
    const int column = Group::Column(v);
    StoreUpTo<false>(sum[v], columns - column, of_group + Group::RowOfBlock() * columns + column);
  }
  __syncthreads();
  for (int column = static_cast<int>(threadIdx.x); column < columns; column += kNormThreads) {
    float total = 0.0F;
    for (int group = 0; group < Group::kRowsPerBlock; ++group) {
      total += of_group[group * columns + column];
    }
    sums[int64_t{blockIdx.x} * columns + column] = runs == 1 ? finish(total, column) : total;
  }
}

__global__ void AddRunsKernel(const float* sums, int columns, int runs, float* y, int64_t count,
                              Finish finish) {
  const int64_t index = int64_t{blockIdx.x} * kSumThreads + threadIdx.x;
  if (index >= count) return;
  const int column = static_cast<int>(index % columns);
  const float* first = sums + index / columns * runs * columns + column;
  float total = 0.0F;
#pragma unroll 8
  for (int run = 0; run < runs; ++run) total += first[int64_t{run} * columns];
  y[index] = finish(total, column);
}

// Runs a sequence: none shorter than two rounds of rows, and no more than it takes to fill the
// device about twice over.
int CountRuns(int64_t sequences, int64_t length, int rows_per_block, int multiprocessors) {
  const int64_t wanted = int64_t{4} * multiprocessors / sequences;
  return static_cast<int>(
      std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, length / (2 * rows_per_block))));
}

}  // namespace
}  // namespace cuda

absl::Status PooledLayerNormCuda(const PooledLayerNormArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (args.x.elements() == 0) return absl::OkStatus();
  LM_RETURN_IF_ERROR(CheckColumns("pooled_layer_norm", args.x.dim(2)));
  const int64_t sequences = args.x.dim(0);
  const auto length = static_cast<int>(args.x.dim(1));
  const auto columns = static_cast<int>(args.x.dim(2));
  const Finish finish = {Data<float>(args.weight), Data<float>(args.bias),
                         1.0F / static_cast<float>(length)};
  auto* y = Data<float>(args.y);
  cudaStream_t handle = Activate(stream);
  absl::Status status;
  DispatchFloat(args.x.dtype(), [&]<class T>(T) {
    DispatchRowGroup(columns, IsVectorizable(args.x, kVectorWidth), [&]<class Group>(Group) {
      const int runs =
          CountRuns(sequences, length, Group::kRowsPerBlock, MultiprocessorCount(stream));
      float* sums = y;
      if (runs > 1) {
        struct PooledLayerNormSums;
        absl::StatusOr<void*> scratch = GetScratch<PooledLayerNormSums>(
            static_cast<size_t>(sequences * runs * columns) * sizeof(float), stream);
        if (!scratch.ok()) {
          status = scratch.status();
          return;
        }
        sums = static_cast<float*>(*scratch);
      }
      // At most 64 rows of 96 columns, or 8 rows of 1536: within the 48 KiB every device gives.
      const size_t shared_bytes =
          static_cast<size_t>(Group::kRowsPerBlock) * static_cast<size_t>(columns) * sizeof(float);
      SumOfNormsKernel<Group>
          <<<BlockCount(sequences * runs, 1), kNormThreads, shared_bytes, handle>>>(
              Data<T>(args.x), length, columns, runs, args.eps, sums, finish);
      if (runs > 1) {
        const int64_t count = sequences * columns;
        AddRunsKernel<<<BlockCount(count, kSumThreads), kSumThreads, 0, handle>>>(
            sums, columns, runs, y, count, finish);
      }
    });
  });
  LM_RETURN_IF_ERROR(status);
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
