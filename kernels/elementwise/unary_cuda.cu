#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/device/cuda/vector.cuh"
#include "kernels/elementwise/activation.cuh"
#include "kernels/elementwise/backends.h"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

constexpr int kThreads = 256;

__device__ __forceinline__ float Apply(UnaryFunction function, float x) {
  switch (function) {
    case UnaryFunction::kSilu:
      return Silu(x);
    case UnaryFunction::kGelu:
      return Gelu(x);
    case UnaryFunction::kSigmoid:
      return Sigmoid(x);
    case UnaryFunction::kRelu:
      return Relu(x);
    case UnaryFunction::kSoftplus:
      return x <= 20.0F ? log1pf(__expf(x)) : x;
    case UnaryFunction::kNegExp:
      return -expf(x);
  }
  return x;
}

template <class T, bool kAligned>
__global__ void UnaryKernel(UnaryFunction function, const T* x, T* y, int64_t count) {
  const int64_t begin = (int64_t{blockIdx.x} * kThreads + threadIdx.x) * kVectorWidth;
  float values[kVectorWidth];
  LoadUpTo<kAligned>(x + begin, count - begin, values);
#pragma unroll
  for (float& value : values) value = Apply(function, value);
  StoreUpTo<kAligned>(values, count - begin, y + begin);
}

}  // namespace
}  // namespace cuda

absl::Status UnaryCuda(UnaryFunction function, const ConstTensorView& x, const TensorView& y,
                       Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  const int64_t count = x.elements();
  if (count == 0) return absl::OkStatus();
  const ConstTensorView flat_x = x.Reshape({count});
  const TensorView flat_y = y.Reshape({count});
  const bool aligned = IsVectorizable(flat_x, kVectorWidth) && IsVectorizable(flat_y, kVectorWidth);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(x.dtype(), [&]<class T>(T) {
    DispatchBool(aligned, [&](auto is_aligned) {
      UnaryKernel<T, is_aligned.value>
          <<<BlockCount(DivideUp(count, kVectorWidth), kThreads), kThreads, 0, handle>>>(
              function, Data<T>(flat_x), Data<T>(flat_y), count);
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
