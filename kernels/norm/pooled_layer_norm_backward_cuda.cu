#include "kernels/norm/backends.h"
#include "kernels/norm/norm_backward.cuh"

namespace localmamba {
namespace cuda {
namespace {

template <class T>
struct PooledRows : Ungated {
  const T* x;
  const float* dy;
  T* dx;  // may be null
  int length;
  int stride;

  template <class Group>
  __device__ __forceinline__ void LoadX(int64_t row, int columns,
                                        typename Group::Registers& values) const {
    Group::Load(x + row * stride, columns, values);
  }

  template <class Group>
  __device__ __forceinline__ void LoadDy(int64_t row, int columns,
                                         typename Group::Registers& g) const {
    Group::Load(dy + row / length * stride, columns, g);
    const float share = 1.0F / static_cast<float>(length);
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
#pragma unroll
      for (float& value : g[v]) value *= share;
    }
  }

  template <class Group>
  __device__ __forceinline__ void StoreDx(int64_t row, int columns,
                                          const typename Group::Registers& values) const {
    if (dx == nullptr) return;
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
      const int column = Group::Column(v);
      StoreUpTo<Group::kAligned>(values[v], columns - column, dx + row * stride + column);
    }
  }
};

}  // namespace
}  // namespace cuda

absl::Status PooledLayerNormBackwardCuda(const PooledLayerNormBackwardArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  LM_RETURN_IF_ERROR(CheckColumns("pooled_layer_norm_backward", args.x.dim(2)));
  const bool aligned =
      IsVectorizable(args.x, kVectorWidth) && IsVectorizable(args.weight, kVectorWidth) &&
      IsVectorizable(args.dy, kVectorWidth) && IsVectorizable(args.dx, kVectorWidth);
  const auto columns = static_cast<int>(args.x.dim(2));
  // The sum of dy does not pass over the tokens.
  SumRowsTo(args.dbias, Data<float>(args.dy), static_cast<int>(args.dy.dim(0)), columns,
            Activate(stream));
  const NormBackwardParams params = {.weight = Data<float>(args.weight),
                                     .rows = args.x.dim(0) * args.x.dim(1),
                                     .columns = columns,
                                     .eps = args.eps,
                                     .centred = true};
  return DispatchFloat(args.x.dtype(), [&]<class T>(T) {
    PooledRows<T> rows;
    rows.x = Data<T>(args.x);
    rows.dy = Data<float>(args.dy);
    rows.dx = Data<T>(args.dx);
    rows.length = static_cast<int>(args.x.dim(1));
    rows.stride = columns;
    return LaunchNormBackward(rows, params, aligned, args.dweight, /*dbias=*/TensorView(), stream);
  });
}

}  // namespace localmamba
