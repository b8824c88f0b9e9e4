// The last stage of the scan's backward: sums over what its blocks leave, in a fixed order.
#ifndef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_SUMS_CUDA_CUH_
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_SUMS_CUDA_CUH_

#include "kernels/device/cuda/vector.cuh"
#include "kernels/scan/selective_scan_backward_params_cuda.cuh"

namespace localmamba::scan_cuda {

// dB and dC of several tiles. Grid: (blocks, sequences).
template <class T>
__global__ void SumTilesKernel(const __grid_constant__ BackwardParams<T> params) {
  const int sequence = static_cast<int>(blockIdx.y);
  const BackwardDirection<T>& direction = params.directions[sequence / params.batch];
  const int width = 2 * params.dstate;
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int row = i / width;
  if (row >= direction.rows) return;
  const float* sums =
      params.token_sums + int64_t{sequence} * params.tiles * params.rows * width + i;
  float sum = 0.0F;
  for (int tile = 0; tile < params.tiles; ++tile) {
    sum += sums[int64_t{tile} * params.rows * width];
  }
  const int n = i % width;
  const Tokens<T>& to = n < params.dstate ? direction.dB : direction.dC;
  if (to.data == nullptr) return;
  to.Channel(sequence % params.batch, n % params.dstate)[row] = cuda::FromFloat<T>(sum);
}

// dA, dD and ddelta_bias: sums over the batch. Grid: (blocks, directions).
template <class T>
__global__ void SumBatchKernel(const __grid_constant__ BackwardParams<T> params) {
  const BackwardDirection<T>& direction = params.directions[blockIdx.y];
  const int width = params.dstate + 2;
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= params.dim * width) return;
  const float* sums =
      params.channel_sums + int64_t{blockIdx.y} * params.batch * params.dim * width + i;
  float sum = 0.0F;
  for (int b = 0; b < params.batch; ++b) sum += sums[int64_t{b} * params.dim * width];
  const int channel = i / width;
  const int n = i % width;
  if (n < params.dstate) {
    if (direction.dA != nullptr) direction.dA[channel * direction.da_row + n] = sum;
  } else {
    float* const to = n == params.dstate ? direction.dD : direction.ddelta_bias;
    if (to != nullptr) to[channel] = sum;
  }
}

}  // namespace localmamba::scan_cuda

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_SUMS_CUDA_CUH_
