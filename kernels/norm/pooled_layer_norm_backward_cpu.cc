#include "kernels/norm/backends.h"
#include "kernels/norm/row_sums_cpu.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm/pooled_layer_norm_backward_cpu.cc"
#include "hwy/foreach_target.h"  // before highway.h
// After it:
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/norm/row_norm_backward-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

// One token, whose share of the sequence's mean is `share`. weight, dx and dweight may be null.
void PooledGradient(const float* x, const float* weight, float eps, const float* dy, float share,
                    size_t D, float* dx, float* dweight) {
  const RowTag d;
  const NormalizedRow row = {x, LayerStatistics(x, D, eps)};
  const auto dn = [&](size_t i, size_t n, RowVec)
                      HWY_ATTR { return hn::Mul(LoadPartial(d, dy + i, n), hn::Set(d, share)); };
  const auto weigh = [&](size_t i, size_t n, RowVec dn_i) HWY_ATTR {
    return weight == nullptr ? dn_i : hn::Mul(dn_i, LoadPartial(d, weight + i, n));
  };
  const GradientMeans means = ReduceGradient(row, D, dn, weigh, dweight, nullptr);
  if (dx == nullptr) return;
  ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
    const auto g = weigh(i, n, dn(i, n, hn::Zero(d)));
    StorePartial(d, InputGradient(row, means, g, i, n), dx + i, n);
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

HWY_EXPORT(PooledGradient);

}  // namespace

absl::Status PooledLayerNormBackwardCpu(const PooledLayerNormBackwardArgs& args, Stream& stream) {
  const auto pooled_gradient = HWY_DYNAMIC_DISPATCH(PooledGradient);
  const int64_t L = args.x.dim(1);
  const int64_t D = args.x.dim(2);
  const auto* x = args.x.data<float>();
  const float* weight = args.weight.empty() ? nullptr : args.weight.data<float>();
  const auto* dy = args.dy.data<float>();
  float* dx = args.dx.empty() ? nullptr : args.dx.data<float>();
  if (dx != nullptr || !args.dweight.empty()) {
    SumOverRows(stream, args.x.dim(0) * L, D, args.dweight, /*dbias=*/{},
                [&](int64_t begin, int64_t end, float* dweight, float* /*dbias*/) {
                  for (int64_t m = begin; m < end; ++m) {
                    pooled_gradient(x + m * D, weight, args.eps, dy + m / L * D,
                                    1.0F / static_cast<float>(L), static_cast<size_t>(D),
                                    dx == nullptr ? nullptr : dx + m * D, dweight);
                  }
                });
  }
  if (!args.dbias.empty()) AddRows(dy, args.dy.dim(0), D, args.dbias.data<float>());
  return absl::OkStatus();
}

}  // namespace localmamba
#endif  // HWY_ONCE
