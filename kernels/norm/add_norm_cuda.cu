#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/launch.h"
#include "kernels/norm/backends.h"
#include "kernels/norm/row_group.cuh"
#include "kernels/tensor/cuda/dispatch.cuh"

namespace localmamba {
namespace cuda {
namespace {

template <class T>
struct AddNormParams {
  const T* hidden;
  const float* residual;  // may be null, as may the tables, bias and residual_out
  const float* rope_cos;
  const float* rope_sin;
  const float* weight;
  const float* bias;
  float* residual_out;
  T* y;
  int64_t rows;
  int length;  // rows of the tables
  int columns;
  float eps;
  NormKind norm;
};

// Vectors have even widths and so have rows that are rotated: pairs never part.
__device__ __forceinline__ void Rotate(const float (&cosine)[kVectorWidth],
                                       const float (&sine)[kVectorWidth],
                                       float (&s)[kVectorWidth]) {
#pragma unroll
  for (int i = 0; i < kVectorWidth; i += 2) {
    const float even = s[i];
    const float odd = s[i + 1];
    s[i] = even * cosine[i] - odd * sine[i];
    s[i + 1] = odd * cosine[i + 1] + even * sine[i + 1];
  }
}

template <class Group, class T>
__global__ void __launch_bounds__(kNormThreads) AddNormKernel(AddNormParams<T> params) {
  const int64_t row = int64_t{blockIdx.x} * Group::kRowsPerBlock + Group::RowOfBlock();
  // Threads without a row stay for the sums.
  const int columns = row < params.rows ? params.columns : 0;
  const int64_t offset = row * params.columns;
  typename Group::Registers s;
  Group::Load(params.hidden + offset, columns, s);
  if (params.residual != nullptr) {
    typename Group::Registers residual;
    Group::Load(params.residual + offset, columns, residual);
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) s[v][i] += residual[v][i];
    }
  }
  if (params.rope_cos != nullptr) {
    const int64_t table = row % params.length * params.columns;
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
      const int column = Group::Column(v);
      float cosine[kVectorWidth];
      float sine[kVectorWidth];
      LoadUpTo<Group::kAligned>(params.rope_cos + table + column, columns - column, cosine);
      LoadUpTo<Group::kAligned>(params.rope_sin + table + column, columns - column, sine);
      Rotate(cosine, sine, s[v]);
    }
  }
  const float mean = params.norm == NormKind::kLayer ? Group::Mean(s, params.columns) : 0.0F;
  const float scale = rsqrtf(Group::MeanSquare(s, params.columns, mean) + params.eps);
#pragma unroll
  for (int v = 0; v < Group::kVectors; ++v) {
    const int column = Group::Column(v);
    const int count = columns - column;
    if (params.residual_out != nullptr) {
      StoreUpTo<Group::kAligned>(s[v], count, params.residual_out + offset + column);
    }
    float weight[kVectorWidth];
    LoadUpTo<Group::kAligned>(params.weight + column, count, weight);
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) s[v][i] = (s[v][i] - mean) * scale * weight[i];
    if (params.bias != nullptr) {
      float bias[kVectorWidth];
      LoadUpTo<Group::kAligned>(params.bias + column, count, bias);
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) s[v][i] += bias[i];
    }
    StoreUpTo<Group::kAligned>(s[v], count, params.y + offset + column);
  }
}

}  // namespace
}  // namespace cuda

absl::Status AddNormCuda(const AddNormArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (args.hidden.elements() == 0) return absl::OkStatus();
  LM_RETURN_IF_ERROR(CheckColumns("add_norm", args.hidden.dim(2)));
  bool aligned = true;
  for (const ConstTensorView& view :
       {args.hidden, args.residual, args.rope_cos, args.rope_sin, args.weight, args.bias,
        ConstTensorView(args.residual_out), ConstTensorView(args.y)}) {
    aligned = aligned && IsVectorizable(view, kVectorWidth);
  }
  cudaStream_t handle = Activate(stream);
  DispatchFloat(args.y.dtype(), [&]<class T>(T) {
    const AddNormParams<T> params = {
        .hidden = Data<T>(args.hidden),
        .residual = Data<float>(args.residual),
        .rope_cos = Data<float>(args.rope_cos),
        .rope_sin = Data<float>(args.rope_sin),
        .weight = Data<float>(args.weight),
        .bias = Data<float>(args.bias),
        .residual_out = Data<float>(args.residual_out),
        .y = Data<T>(args.y),
        .rows = args.hidden.dim(0) * args.hidden.dim(1),
        .length = static_cast<int>(args.hidden.dim(1)),
        .columns = static_cast<int>(args.hidden.dim(2)),
        .eps = args.eps,
        .norm = args.norm,
    };
    DispatchRowGroup(params.columns, aligned, [&]<class Group>(Group) {
      AddNormKernel<Group>
          <<<BlockCount(params.rows, Group::kRowsPerBlock), kNormThreads, 0, handle>>>(params);
    });
  });
  LM_CUDA_RETURN_IF_ERROR(cudaGetLastError());
  return absl::OkStatus();
}

}  // namespace localmamba
