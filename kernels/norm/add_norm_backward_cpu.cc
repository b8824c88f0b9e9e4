#include <cstring>

#include "kernels/norm/backends.h"
#include "kernels/norm/row_sums_cpu.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm/add_norm_backward_cpu.cc"
#include "hwy/foreach_target.h"  // before highway.h
// After it:
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/norm/row_norm_backward-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

// Gradient of the sum of one token after the rotation. `dresidual_out`, `dweight` and `dbias` may
// be null; `ds` may be `dy` or `dresidual_out`, or null if it is not wanted.
void NormGradient(const float* sum, const float* dy, const float* dresidual_out, NormKind norm,
                  const float* weight, float eps, size_t D, float* ds, float* dweight,
                  float* dbias) {
  const RowTag d;
  const NormalizedRow row = {
      sum, norm == NormKind::kRms ? RmsStatistics(sum, D, eps) : LayerStatistics(sum, D, eps)};
  const auto load_dy = [&](size_t i, size_t n, RowVec)
                           HWY_ATTR { return LoadPartial(d, dy + i, n); };
  const auto weigh = [&](size_t i, size_t n, RowVec dn)
                         HWY_ATTR { return hn::Mul(dn, LoadPartial(d, weight + i, n)); };
  GradientMeans means = ReduceGradient(row, D, load_dy, weigh, dweight, dbias);
  if (norm == NormKind::kRms) means.g = 0.0F;
  if (ds == nullptr) return;
  ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
    auto v = InputGradient(row, means, weigh(i, n, LoadPartial(d, dy + i, n)), i, n);
    if (dresidual_out != nullptr) v = hn::Add(v, LoadPartial(d, dresidual_out + i, n));
    StorePartial(d, v, ds + i, n);
  });
}

// Turns the gradient of a rotated row into that of the row, in place.
#if HWY_TARGET == HWY_SCALAR
// A pair does not fit a vector of one lane.
void RotateBack(const float* rope_cos, const float* rope_sin, float* ds, size_t D) {
  for (size_t i = 0; i < D; i += 2) {
    const float even = ds[i];
    const float odd = ds[i + 1];
    ds[i] = even * rope_cos[i] + odd * rope_sin[i + 1];
    ds[i + 1] = odd * rope_cos[i + 1] - even * rope_sin[i];
  }
}
#else
void RotateBack(const float* rope_cos, const float* rope_sin, float* ds, size_t D) {
  const RowTag d;
  ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
    const auto v = LoadPartial(d, ds + i, n);
    // What the other member of the pair took, which the odd one of the forward had negated.
    const auto other = hn::Reverse2(d, hn::Mul(v, LoadPartial(d, rope_sin + i, n)));
    const auto crossed = hn::OddEven(hn::Neg(other), other);
    StorePartial(d, hn::MulAdd(v, LoadPartial(d, rope_cos + i, n), crossed), ds + i, n);
  });
}
#endif

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace localmamba {
namespace {

HWY_EXPORT(NormGradient);
HWY_EXPORT(RotateBack);

float* RowOrNull(const TensorView& view, int64_t row, int64_t D) {
  return view.empty() ? nullptr : view.data<float>() + row * D;
}
const float* RowOrNull(const ConstTensorView& view, int64_t row, int64_t D) {
  return view.empty() ? nullptr : view.data<float>() + row * D;
}

}  // namespace

absl::Status AddNormBackwardCpu(const AddNormBackwardArgs& args, Stream& stream) {
  const auto norm_gradient = HWY_DYNAMIC_DISPATCH(NormGradient);
  const auto rotate_back = HWY_DYNAMIC_DISPATCH(RotateBack);
  const int64_t L = args.residual_out.dim(1);
  const int64_t D = args.residual_out.dim(2);
  const auto columns = static_cast<size_t>(D);
  const size_t row_bytes = columns * sizeof(float);
  const TensorView& result = args.dresidual.empty() ? args.dhidden : args.dresidual;
  SumOverRows(stream, args.residual_out.dim(0) * L, D, args.dweight, args.dbias,
              [&](int64_t begin, int64_t end, float* dweight, float* dbias) {
                for (int64_t m = begin; m < end; ++m) {
                  float* ds = RowOrNull(result, m, D);
                  const float* dresidual_out = RowOrNull(args.dresidual_out, m, D);
                  if (!args.dy.empty()) {
                    norm_gradient(RowOrNull(args.residual_out, m, D), RowOrNull(args.dy, m, D),
                                  dresidual_out, args.norm, args.weight.data<float>(), args.eps,
                                  columns, ds, dweight, dbias);
                  } else if (ds != nullptr && dresidual_out != nullptr) {
                    std::memmove(ds, dresidual_out, row_bytes);
                  } else if (ds != nullptr) {
                    std::memset(ds, 0, row_bytes);
                  }
                  if (ds == nullptr) continue;
                  if (!args.rope_cos.empty()) {
                    rotate_back(RowOrNull(args.rope_cos, m % L, D),
                                RowOrNull(args.rope_sin, m % L, D), ds, columns);
                  }
                  if (!args.dresidual.empty() && !args.dhidden.empty()) {
                    std::memcpy(RowOrNull(args.dhidden, m, D), ds, row_bytes);
                  }
                }
              });
  return absl::OkStatus();
}

}  // namespace localmamba
#endif  // HWY_ONCE
