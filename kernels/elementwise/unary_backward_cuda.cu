#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation_gradient.cuh"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

__device__ __forceinline__ float Slope(UnaryFunction function, float x) {
  switch (function) {
    case UnaryFunction::kSilu:
      return SiluGradient(x);
    case UnaryFunction::kGelu:
      return GeluGradient(x);
    case UnaryFunction::kSigmoid:
      return SigmoidGradient(x);
    case UnaryFunction::kRelu:
      return ReluGradient(x);
    case UnaryFunction::kSoftplus:
      return Sigmoid(x);
    case UnaryFunction::kNegExp:
      return -expf(x);
  }
  return 1.0F;
}

template <class T, bool kAligned>
__global__ void UnaryBackwardKernel(UnaryFunction function, const T* x, const T* dy, T* dx,
                                    int64_t count) {
  const int64_t begin = (int64_t{blockIdx.x} * kThreads + threadIdx.x) * kVectorWidth;
  float values[kVectorWidth];
  float gradients[kVectorWidth];
  LoadUpTo<kAligned>(x + begin, count - begin, values);
  LoadUpTo<kAligned>(dy + begin, count - begin, gradients);
#pragma unroll
  for (int i = 0; i < kVectorWidth; ++i) gradients[i] *= Slope(function, values[i]);
  StoreUpTo<kAligned>(gradients, count - begin, dx + begin);
}

}  // namespace
}  // namespace cuda

absl::Status UnaryBackwardCuda(UnaryFunction function, const ConstTensorView& x,
                               const ConstTensorView& dy, const TensorView& dx, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const int64_t count = x.elements();
  if (count == 0) return absl::OkStatus();
  const auto is_vectorizable = [count](const ConstTensorView& view) {
    return IsVectorizable(view.Reshape({count}), kVectorWidth);
  };
  const bool aligned = is_vectorizable(x) && is_vectorizable(dy) && is_vectorizable(dx);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      UnaryBackwardKernel<T, is_aligned.value>
          <<<BlockCount(DivideUp(count, kVectorWidth), kThreads), kThreads, 0, handle>>>(
              function, Data<T>(x), Data<T>(dy), Data<T>(dx), count);
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
