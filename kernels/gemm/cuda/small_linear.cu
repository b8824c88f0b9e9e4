#include <cstdint>

#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/elementwise/activation.cuh"
#include "kernels/gemm/cuda/small_linear.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kRows = 8;              // of x a block holds in shared memory
constexpr int kColumns = 2 * kWarps;  // of y a block makes
constexpr int64_t kMaxInputs = 2048;  // K: kRows rows of it fit
constexpr int64_t kMaxRows = 4096;
constexpr int64_t kMaxProducts = int64_t{1} << 26;  // M * N * K

struct SmallLinearParams {
  const float* x;
  const float* weight;
  const float* bias;  // or null
  float* y;
  int64_t x_stride, y_stride;
  int rows, columns, inputs;
  Activation activation;
};

// A warp makes one column of y for kRows rows at a time: its lanes read the column's weights side
// by side.
__global__ void SmallLinearKernel(SmallLinearParams params) {
  extern __shared__ float rows[];  // (kRows, inputs)
  const int first_row = static_cast<int>(blockIdx.x) * kRows;
  const int count = min(kRows, params.rows - first_row);
  for (int i = static_cast<int>(threadIdx.x); i < kRows * params.inputs; i += kWarps * 32) {
    const int row = i / params.inputs;
    rows[i] = row < count
                  ? params.x[(first_row + row) * params.x_stride + (i - row * params.inputs)]
                  : 0.0F;
  }
  __syncthreads();
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const int end = min(params.columns, (static_cast<int>(blockIdx.y) + 1) * kColumns);
  for (int n = static_cast<int>(blockIdx.y) * kColumns + warp; n < end; n += kWarps) {
    const float* const weight = params.weight + int64_t{n} * params.inputs;
    float sums[kRows] = {};
    for (int k = lane; k < params.inputs; k += 32) {
      const float w = __ldg(weight + k);
#pragma unroll
      for (int row = 0; row < kRows; ++row) {
        sums[row] = fmaf(w, rows[row * params.inputs + k], sums[row]);
      }
    }
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
#pragma unroll
      for (int offset = 16; offset > 0; offset /= 2) {
        sums[row] += __shfl_xor_sync(0xffffffffU, sums[row], offset);
      }
    }
    // Every lane has every sum: lane r writes row r.
    float value[1] = {0.0F};
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      if (lane == row) value[0] = sums[row];
    }
    if (lane < count) {
      if (params.bias != nullptr) value[0] += params.bias[n];
      Activate(params.activation, value);
      params.y[(first_row + lane) * params.y_stride + n] = value[0];
    }
  }
}

}  // namespace

bool IsSmallLinear(const LinearArgs& args) {
  const int64_t m = args.x.dim(0);
  const int64_t k = args.x.dim(1);
  const int64_t n = args.weight.dim(0);
  return args.y.dtype() == DType::kFloat32 && args.residual.empty() && m <= kMaxRows &&
         k <= kMaxInputs && m * n * k <= kMaxProducts;
}

absl::Status SmallLinear(const LinearArgs& args, Stream& stream) {
  const SmallLinearParams params = {.x = Data<float>(args.x),
                                    .weight = Data<float>(args.weight),
                                    .bias = Data<float>(args.bias),
                                    .y = Data<float>(args.y),
                                    .x_stride = RowStride(args.x),
                                    .y_stride = RowStride(args.y),
                                    .rows = static_cast<int>(args.x.dim(0)),
                                    .columns = static_cast<int>(args.weight.dim(0)),
                                    .inputs = static_cast<int>(args.x.dim(1)),
                                    .activation = args.activation};
  const size_t shared_bytes = kRows * static_cast<size_t>(params.inputs) * sizeof(float);
  if (shared_bytes > size_t{48} << 10) {
    LM_CUDA_RETURN_IF_ERROR(cudaFuncSetAttribute(SmallLinearKernel,
                                                 cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                 static_cast<int>(shared_bytes)));
  }
  const dim3 grid(static_cast<unsigned>(DivideUp(params.rows, kRows)),
                  static_cast<unsigned>(DivideUp(params.columns, kColumns)));
  SmallLinearKernel<<<grid, kWarps * 32, shared_bytes, Activate(stream)>>>(params);
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba::cuda
