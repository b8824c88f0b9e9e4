#include "kernels/norm/backends.h"
#include "kernels/norm/norm_backward.cuh"

namespace localmamba {
namespace cuda {
namespace {

template <class T>
struct AddNormRows : Ungated {
  const float* residual_out;
  const float* rope_cos;  // may be null, as may all that follow
  const float* rope_sin;
  const T* dy;
  const float* dresidual_out;
  T* dhidden;
  float* dresidual;
  int length;  // rows of the tables
  int stride;

  template <class Group>
  __device__ __forceinline__ void LoadX(int64_t row, int columns,
                                        typename Group::Registers& x) const {
    Group::Load(residual_out + row * stride, columns, x);
  }

  template <class Group>
  __device__ __forceinline__ void LoadDy(int64_t row, int columns,
                                         typename Group::Registers& g) const {
    Group::Load(dy + row * stride, dy == nullptr ? 0 : columns, g);
  }

  // ds: the share of y in the gradient of residual_out.
  template <class Group>
  __device__ __forceinline__ void StoreDx(int64_t row, int columns,
                                          typename Group::Registers& ds) const {
#pragma unroll
    for (int v = 0; v < Group::kVectors; ++v) {
      const int column = Group::Column(v);
      const int count = columns - column;
      const int64_t offset = row * stride + column;
      if (dresidual_out != nullptr) {
        float other[kVectorWidth];
        LoadUpTo<Group::kAligned>(dresidual_out + offset, count, other);
#pragma unroll
        for (int i = 0; i < kVectorWidth; ++i) ds[v][i] += other[i];
      }
      if (rope_cos != nullptr) {
        const int64_t table = row % length * stride + column;
        float cosine[kVectorWidth];
        float sine[kVectorWidth];
        LoadUpTo<Group::kAligned>(rope_cos + table, count, cosine);
        LoadUpTo<Group::kAligned>(rope_sin + table, count, sine);
        RotateBack(cosine, sine, ds[v]);
      }
      if (dhidden != nullptr) StoreUpTo<Group::kAligned>(ds[v], count, dhidden + offset);
      if (dresidual != nullptr) StoreUpTo<Group::kAligned>(ds[v], count, dresidual + offset);
    }
  }

  // Vectors have even widths and so have rows that are rotated: pairs never part.
  static __device__ __forceinline__ void RotateBack(const float (&cosine)[kVectorWidth],
                                                    const float (&sine)[kVectorWidth],
                                                    float (&ds)[kVectorWidth]) {
#pragma unroll
    for (int i = 0; i < kVectorWidth; i += 2) {
      const float even = ds[i];
      const float odd = ds[i + 1];
      ds[i] = even * cosine[i] + odd * sine[i + 1];
      ds[i + 1] = odd * cosine[i + 1] - even * sine[i];
    }
  }
};

}  // namespace
}  // namespace cuda

absl::Status AddNormBackwardCuda(const AddNormBackwardArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  LM_RETURN_IF_ERROR(CheckColumns("add_norm_backward", args.residual_out.dim(2)));
  bool aligned = true;
  for (const ConstTensorView& view :
       {args.residual_out, args.rope_cos, args.rope_sin, args.weight, args.dy, args.dresidual_out,
        ConstTensorView(args.dhidden), ConstTensorView(args.dresidual)}) {
    aligned = aligned && IsVectorizable(view, kVectorWidth);
  }
  const auto columns = static_cast<int>(args.residual_out.dim(2));
  const NormBackwardParams params = {.weight = Data<float>(args.weight),
                                     .rows = args.residual_out.dim(0) * args.residual_out.dim(1),
                                     .columns = columns,
                                     .eps = args.eps,
                                     .centred = args.norm == NormKind::kLayer};
  const DType dtype = args.dy.empty() ? args.dhidden.dtype() : args.dy.dtype();
  return DispatchFloat(dtype, [&]<class T>(T) {
    AddNormRows<T> rows;
    rows.residual_out = Data<float>(args.residual_out);
    rows.rope_cos = Data<float>(args.rope_cos);
    rows.rope_sin = Data<float>(args.rope_sin);
    rows.dy = Data<T>(args.dy);
    rows.dresidual_out = Data<float>(args.dresidual_out);
    rows.dhidden = Data<T>(args.dhidden);
    rows.dresidual = Data<float>(args.dresidual);
    rows.length = static_cast<int>(args.residual_out.dim(1));
    rows.stride = columns;
    return LaunchNormBackward(rows, params, aligned, args.dweight, args.dbias, stream);
  });
}

}  // namespace localmamba
