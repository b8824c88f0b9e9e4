#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/optim/backends.h"
#include "kernels/optim/cuda/tensor_list.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

// Pointers: value, average.
__global__ void __launch_bounds__(kListThreads)
    EmaKernel(const __grid_constant__ TensorList<2> list, float keep, float take) {
  const ListPiece<2> piece = PieceOfBlock(list);
  const float* const from = piece.tensor.pointers[0];
  float* const to = piece.tensor.pointers[1];
  ForEachFour(piece, [&](int64_t i, bool aligned) {
    const int64_t count = piece.end - i;
    float value[4];
    float average[4];
    LoadFour(from + i, count, aligned, value);
    LoadFour(to + i, count, aligned, average);
#pragma unroll
    for (int k = 0; k < 4; ++k) average[k] = keep * average[k] + take * value[k];
    StoreFour(average, count, aligned, to + i);
  });
}

}  // namespace
}  // namespace cuda

absl::Status UpdateEmaCuda(absl::Span<const EmaTensor> tensors, double decay, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  cudaStream_t handle = Activate(stream);
  const auto describe = [](const EmaTensor& tensor) -> ListedTensor<2> {
    return {.pointers = {const_cast<float*>(Data<float>(tensor.value)),  // read only
                         Data<float>(tensor.average)},
            .factor = 1.0F,
            .first_block = 0,
            .count = tensor.value.elements()};
  };
  return LaunchLists<2>(tensors, describe,
                        [&](const TensorList<2>& list, unsigned blocks, unsigned /*earlier*/) {
                          EmaKernel<<<blocks, kListThreads, 0, handle>>>(
                              list, static_cast<float>(decay), static_cast<float>(1.0 - decay));
                        });
}

}  // namespace localmamba
