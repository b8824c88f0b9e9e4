#include "kernels/norm/backends.h"
#include "kernels/norm/row_sums_cpu.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm/layer_norm_backward_cpu.cc"
#include "hwy/foreach_target.h"  // before highway.h
// After it:
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/elementwise/vector_math-inl.h"
#include "kernels/norm/row_norm_backward-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

// Absent arguments are null. dx may be dy: it holds g between the two passes, so that gates are
// computed once.
void LayerNormBackwardRow(const float* x, const float* weight, const float* bias, const float* z,
                          float eps, const float* dy, size_t D, float* dx, float* dz,
                          float* dweight, float* dbias) {
  const RowTag d;
  const NormalizedRow row = {x, LayerStatistics(x, D, eps)};
  const auto dn = [&](size_t i, size_t n, RowVec normalized) HWY_ATTR {
    const auto dy_i = LoadPartial(d, dy + i, n);
    if (z == nullptr) return dy_i;
    const auto z_i = LoadPartial(d, z + i, n);
    const auto sigmoid = Sigmoid(d, z_i);
    const auto silu = hn::Mul(z_i, sigmoid);
    if (dz != nullptr) {
      const auto y = WeighAndShift(normalized, weight, bias, i, n);  // before the gate
      // sigmoid + silu * (1 - sigmoid), the derivative of SiLU.
      const auto slope = hn::Add(sigmoid, hn::NegMulAdd(silu, sigmoid, silu));
      StorePartial(d, hn::Mul(hn::Mul(dy_i, y), slope), dz + i, n);
    }
    return hn::Mul(dy_i, silu);
  };
  const auto gradient = [&](size_t i, size_t n, RowVec dn_i) HWY_ATTR {
    const auto g = weight == nullptr ? dn_i : hn::Mul(dn_i, LoadPartial(d, weight + i, n));
    if (dx != nullptr) StorePartial(d, g, dx + i, n);
    return g;
  };
  const GradientMeans means = ReduceGradient(row, D, dn, gradient, dweight, dbias);
  if (dx == nullptr) return;
  ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
    StorePartial(d, InputGradient(row, means, LoadPartial(d, dx + i, n), i, n), dx + i, n);
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace localmamba {
namespace {

HWY_EXPORT(LayerNormBackwardRow);

const float* RowOrNull(const ConstTensorView& view, int64_t row) {
  return view.empty() ? nullptr : view.data<float>() + row * view.stride(0);
}
float* RowOrNull(const TensorView& view, int64_t row) {
  return view.empty() ? nullptr : view.data<float>() + row * view.stride(0);
}

}  // namespace

absl::Status LayerNormBackwardCpu(const LayerNormBackwardArgs& args, Stream& stream) {
  const auto layer_norm_backward_row = HWY_DYNAMIC_DISPATCH(LayerNormBackwardRow);
  const float* weight = RowOrNull(args.weight, 0);
  const float* bias = RowOrNull(args.bias, 0);
  const int64_t D = args.x.dim(1);
  SumOverRows(stream, args.x.dim(0), D, args.dweight, args.dbias,
              [&](int64_t begin, int64_t end, float* dweight, float* dbias) {
                for (int64_t m = begin; m < end; ++m) {
                  layer_norm_backward_row(RowOrNull(args.x, m), weight, bias, RowOrNull(args.z, m),
                                          args.eps, RowOrNull(args.dy, m), static_cast<size_t>(D),
                                          RowOrNull(args.dx, m), RowOrNull(args.dz, m), dweight,
                                          dbias);
                }
              });
  return absl::OkStatus();
}

}  // namespace localmamba
#endif  // HWY_ONCE
