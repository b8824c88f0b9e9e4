// The squares of each piece are summed by a block, the blocks' sums by one block in a fixed order.
#include <cstdint>

#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/reduce.cuh"
#include "kernels/device/cuda/scratch.h"
#include "kernels/optim/backends.h"
#include "kernels/optim/cuda/tensor_list.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 1024;

__global__ void __launch_bounds__(kListThreads)
    SquaresKernel(const __grid_constant__ TensorList<1> list, double* sums) {
  const ListPiece<1> piece = PieceOfBlock(list);
  const float* const values = piece.tensor.pointers[0];
  double sum = 0.0;
  ForEachFour(piece, [&](int64_t i, bool aligned) {
    float four[4];
    LoadFour(values + i, piece.end - i, aligned, four);
#pragma unroll
    for (int k = 0; k < 4; ++k) sum += static_cast<double>(four[k]) * static_cast<double>(four[k]);
  });
  sum = ReduceBlock<kListThreads>(sum, Plus());
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// In one block.
__global__ void NormKernel(const double* sums, unsigned count, float* norm) {
  double sum = 0.0;
  for (unsigned i = threadIdx.x; i < count; i += kThreads) sum += sums[i];
  sum = ReduceBlock<kThreads>(sum, Plus());
  if (threadIdx.x == 0) *norm = static_cast<float>(sqrt(sum));
}

}  // namespace
}  // namespace cuda

absl::Status GradientNormCuda(absl::Span<const ConstTensorView> gradients, const TensorView& norm,
                              Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  int64_t pieces = 0;
  for (const ConstTensorView& gradient : gradients) pieces += PiecesOf(gradient.elements());
  struct SumsOfPieces;
  LM_ASSIGN_OR_RETURN(void* scratch, GetScratch<SumsOfPieces>(
                                         static_cast<size_t>(pieces) * sizeof(double), stream));
  auto* const sums = static_cast<double*>(scratch);
  cudaStream_t handle = Activate(stream);
  const auto describe = [](const ConstTensorView& gradient) -> ListedTensor<1> {
    return {.pointers = {const_cast<float*>(Data<float>(gradient))},  // read only
            .factor = 1.0F,
            .first_block = 0,
            .count = gradient.elements()};
  };
  LM_RETURN_IF_ERROR(LaunchLists<1>(
      gradients, describe, [&](const TensorList<1>& list, unsigned blocks, unsigned earlier) {
        SquaresKernel<<<blocks, kListThreads, 0, handle>>>(list, sums + earlier);
      }));
  NormKernel<<<1, kThreads, 0, handle>>>(sums, static_cast<unsigned>(pieces), Data<float>(norm));
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
