// One matrix product for the k x k results of each cell, which then are put in their places with
// bias and activation.
#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation.cuh"
#include "kernels/gemm/cuda/product.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

// products: (B, H, W, k, k, O), `cells` = B * H * W.
template <class T, bool kAligned>
__global__ void PutInPlaceKernel(const T* products, const float* bias, Activation activation, T* y,
                                 unsigned cells, unsigned W, unsigned k, unsigned O) {
  const unsigned vectors = (O + kVectorWidth - 1) / kVectorWidth;
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  const unsigned result = index / vectors;  // over all cells
  const unsigned cell = result / (k * k);
  if (cell >= cells) return;
  const unsigned p = result / k % k;
  const unsigned q = result % k;
  const int64_t channel = int64_t{index % vectors} * kVectorWidth;
  const int64_t count = O - channel;
  float values[kVectorWidth];
  LoadUpTo<kAligned>(products + int64_t{result} * O + channel, count, values);
  if (bias != nullptr) {
    float summands[kVectorWidth];
    LoadUpTo<kAligned>(bias + channel, count, summands);
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) values[i] += summands[i];
  }
  Activate(activation, values);
  const int64_t row = int64_t{cell / W} * k + p;  // over all images
  const int64_t column = int64_t{cell % W} * k + q;
  StoreUpTo<kAligned>(values, count, y + (row * W * k + column) * O + channel);
}

}  // namespace
}  // namespace cuda

absl::Status TransposedConv2dCuda(const TransposedConv2dArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const DType dtype = args.x.dtype();
  const int64_t C = args.x.dim(3);
  const int64_t k = args.weight.dim(0);
  const int64_t O = args.weight.dim(2);
  const int64_t cells = args.x.elements() / C;
  struct Products;
  LM_ASSIGN_OR_RETURN(
      void* scratch,
      GetScratch<Products>(static_cast<size_t>(args.y.elements()) * SizeOf(dtype), stream));
  const TensorView products(scratch, dtype, {cells, k * k * O}, stream.device());
  LM_RETURN_IF_ERROR(Multiply("transposed_conv2d",
                              {.a = {args.x.Reshape({cells, C})},
                               .b = {args.weight.Reshape({k * k * O, C}), /*transposed=*/true},
                               .y = products},
                              stream));
  const bool aligned =
      IsVectorizable(args.y, kVectorWidth) && IsVectorizable(args.bias, kVectorWidth);
  const unsigned blocks = BlockCount(cells * k * k * DivideUp(O, kVectorWidth), kThreads);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(dtype, [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      PutInPlaceKernel<T, is_aligned.value><<<blocks, kThreads, 0, handle>>>(
          Data<T>(products), Data<float>(args.bias), args.activation, Data<T>(args.y),
          static_cast<unsigned>(cells), static_cast<unsigned>(args.x.dim(2)),
          static_cast<unsigned>(k), static_cast<unsigned>(O));
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
