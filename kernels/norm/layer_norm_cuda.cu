#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/elementwise/activation.cuh"
#include "kernels/norm/backends.h"
#include "kernels/norm/row_group.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

template <class X, class Y>
struct LayerNormParams {
  const X* x;
  const float* weight;  // may be null, as may bias and z
  const float* bias;
  const Y* z;
  Y* y;
  int64_t x_stride, z_stride, y_stride;
  int64_t rows;
  int columns;
  float eps;
};

template <class Group, class X, class Y>
__global__ void __launch_bounds__(kNormThreads) LayerNormKernel(LayerNormParams<X, Y> params) {
  const int64_t row = int64_t{blockIdx.x} * Group::kRowsPerBlock + Group::RowOfBlock();
  // Threads without a row stay for the sums.
  const int columns = row < params.rows ? params.columns : 0;
  typename Group::Registers x;
  Group::Load(params.x + row * params.x_stride, columns, x);
  const float mean = Group::Mean(x, params.columns);
  const float scale = rsqrtf(Group::MeanSquare(x, params.columns, mean) + params.eps);
#pragma unroll
  for (int v = 0; v < Group::kVectors; ++v) {
    const int column = Group::Column(v);
    const int count = columns - column;
#pragma unroll
    for (float& value : x[v]) value = (value - mean) * scale;
    float other[kVectorWidth];
    if (params.weight != nullptr) {
      LoadUpTo<Group::kAligned>(params.weight + column, count, other);
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) x[v][i] *= other[i];
    }
    if (params.bias != nullptr) {
      LoadUpTo<Group::kAligned>(params.bias + column, count, other);
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) x[v][i] += other[i];
    }
    if (params.z != nullptr) {
      LoadUpTo<Group::kAligned>(params.z + row * params.z_stride + column, count, other);
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) x[v][i] *= Silu(other[i]);
    }
    StoreUpTo<Group::kAligned>(x[v], count, params.y + row * params.y_stride + column);
  }
}

template <class X, class Y>
void Launch(const LayerNormArgs& args, bool aligned, cudaStream_t stream) {
  const LayerNormParams<X, Y> params = {
      .x = Data<X>(args.x),
      .weight = Data<float>(args.weight),
      .bias = Data<float>(args.bias),
      .z = Data<Y>(args.z),
      .y = Data<Y>(args.y),
      .x_stride = RowStride(args.x),
      .z_stride = args.z.empty() ? 0 : RowStride(args.z),
      .y_stride = RowStride(args.y),
      .rows = args.x.dim(0),
      .columns = static_cast<int>(args.x.dim(1)),
      .eps = args.eps,
  };
  DispatchRowGroup(params.columns, aligned, [&]<class Group>(Group) {
    LayerNormKernel<Group>
        <<<BlockCount(params.rows, Group::kRowsPerBlock), kNormThreads, 0, stream>>>(params);
  });
}

}  // namespace
}  // namespace cuda

absl::Status LayerNormCuda(const LayerNormArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (args.x.elements() == 0) return absl::OkStatus();
  LM_RETURN_IF_ERROR(CheckColumns("layer_norm", args.x.dim(1)));
  const bool aligned =
      IsVectorizable(args.x, kVectorWidth) && IsVectorizable(args.y, kVectorWidth) &&
      IsVectorizable(args.z, kVectorWidth) && IsVectorizable(args.weight, kVectorWidth) &&
      IsVectorizable(args.bias, kVectorWidth);
  cudaStream_t handle = Activate(stream);
  DispatchFloat(args.y.dtype(), [&]<class Y>(Y) {
    if (args.x.dtype() == args.y.dtype())
      Launch<Y, Y>(args, aligned, handle);
    else
      Launch<float, Y>(args, aligned, handle);
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
