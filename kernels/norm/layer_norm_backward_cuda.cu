#include "kernels/elementwise/activation.cuh"
#include "kernels/norm/backends.h"
#include "kernels/norm/norm_backward.cuh"

namespace localmamba {
namespace cuda {
namespace {

template <class X, class Y>
struct LayerNormRows {
  const X* x;
  const float* weight;  // may be null, as may all that follow but dy
  const float* bias;
  const Y* z;
  const Y* dy;
  X* dx;
  Y* dz;
  int64_t x_stride, z_stride, dy_stride, dx_stride, dz_stride;

  template <class Group>
  __device__ __forceinline__ void LoadX(int64_t row, int columns,
                                        typename Group::Registers& values) const {
    Group::Load(x + row * x_stride, columns, values);
  }

  template <class Group>
  __device__ __forceinline__ void LoadDy(int64_t row, int columns,
                                         typename Group::Registers& g) const {
    Group::Load(dy + row * dy_stride, columns, g);
  }

  template <class Group>
  __device__ __forceinline__ void Gate(int64_t row, int columns,
                                       const typename Group::Registers& normalized,
                                       typename Group::Registers& dn) const {
    if (z == nullptr) return;
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
      const int column = Group::Column(v);
      const int count = columns - column;
      float gate[kVectorWidth];
      LoadUpTo<Group::kAligned>(z + row * z_stride + column, count, gate);
      if (dz != nullptr) {
        float y[kVectorWidth];  // before the gate
        WeighAndShift<Group>(column, count, normalized[v], y);
#pragma unroll
        for (int i = 0; i < kVectorWidth; ++i) {
          const float sigmoid = Sigmoid(gate[i]);
          y[i] *= dn[v][i] * sigmoid * (1.0F + gate[i] * (1.0F - sigmoid));
        }
        StoreUpTo<Group::kAligned>(y, count, dz + row * dz_stride + column);
      }
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) dn[v][i] *= Silu(gate[i]);
    }
  }

  template <class Group>
  __device__ __forceinline__ void StoreDx(int64_t row, int columns,
                                          const typename Group::Registers& values) const {
    if (dx == nullptr) return;
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
      const int column = Group::Column(v);
      StoreUpTo<Group::kAligned>(values[v], columns - column, dx + row * dx_stride + column);
    }
  }

  template <class Group>
  __device__ __forceinline__ void WeighAndShift(int column, int count,
                                                const float (&normalized)[kVectorWidth],
                                                float (&y)[kVectorWidth]) const {
    float other[kVectorWidth];
#pragma unroll
    for (int i = 0; i < kVectorWidth; ++i) y[i] = normalized[i];
    if (weight != nullptr) {
      LoadUpTo<Group::kAligned>(weight + column, count, other);
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) y[i] *= other[i];
    }
    if (bias != nullptr) {
      LoadUpTo<Group::kAligned>(bias + column, count, other);
#pragma unroll
      for (int i = 0; i < kVectorWidth; ++i) y[i] += other[i];
    }
  }
};

template <class X, class Y>
absl::Status Launch(const LayerNormBackwardArgs& args, Stream& stream) {
  bool aligned = true;
  for (const ConstTensorView& view : {args.x, args.weight, args.bias, args.z, args.dy,
                                      ConstTensorView(args.dx), ConstTensorView(args.dz)}) {
    aligned = aligned && IsVectorizable(view, kVectorWidth);
  }
  const auto stride = [](const ConstTensorView& view) {
    return view.empty() ? 0 : RowStride(view);
  };
  const LayerNormRows<X, Y> rows = {
      .x = Data<X>(args.x),
      .weight = Data<float>(args.weight),
      .bias = Data<float>(args.bias),
      .z = Data<Y>(args.z),
      .dy = Data<Y>(args.dy),
      .dx = Data<X>(args.dx),
      .dz = Data<Y>(args.dz),
      .x_stride = stride(args.x),
      .z_stride = stride(args.z),
      .dy_stride = stride(args.dy),
      .dx_stride = stride(args.dx),
      .dz_stride = stride(args.dz),
  };
  const NormBackwardParams params = {.weight = Data<float>(args.weight),
                                     .rows = args.x.dim(0),
                                     .columns = static_cast<int>(args.x.dim(1)),
                                     .eps = args.eps,
                                     .centred = true};
  return LaunchNormBackward(rows, params, aligned, args.dweight, args.dbias, stream);
}

}  // namespace
}  // namespace cuda

absl::Status LayerNormBackwardCuda(const LayerNormBackwardArgs& args, Stream& stream) {
  LM_RETURN_IF_ERROR(cuda::CheckColumns("layer_norm_backward", args.x.dim(1)));
  return cuda::DispatchFloat(args.dy.dtype(), [&]<class Y>(Y) {
    return args.x.dtype() == args.dy.dtype() ? cuda::Launch<Y, Y>(args, stream)
                                             : cuda::Launch<float, Y>(args, stream);
  });
}

}  // namespace localmamba
