#include "kernels/device/parallel.h"
#include "kernels/norm/backends.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm/add_norm_cpu.cc"
#include "hwy/foreach_target.h"  // before highway.h
// After it:
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/norm/row_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

// One token. Absent arguments are null; `sum` may be `residual` or `y`.
#if HWY_TARGET == HWY_SCALAR
// A pair does not fit a vector of one lane.
void AddAndRotate(const float* hidden, const float* residual, const float* rope_cos,
                  const float* rope_sin, float* sum, size_t D) {
  for (size_t i = 0; i < D; ++i) {
    sum[i] = residual == nullptr ? hidden[i] : hidden[i] + residual[i];
  }
  if (rope_cos == nullptr) return;
  for (size_t i = 0; i < D; i += 2) {
    const float even = sum[i];
    const float odd = sum[i + 1];
    sum[i] = even * rope_cos[i] - odd * rope_sin[i];
    sum[i + 1] = odd * rope_cos[i + 1] + even * rope_sin[i + 1];
  }
}
#else
void AddAndRotate(const float* hidden, const float* residual, const float* rope_cos,
                  const float* rope_sin, float* sum, size_t D) {
  const RowTag d;
  ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
    auto s = LoadPartial(d, hidden + i, n);
    if (residual != nullptr) s = hn::Add(s, LoadPartial(d, residual + i, n));
    if (rope_cos != nullptr) {
      // The other member of each pair, negated for the even ones.
      const auto other = hn::Reverse2(d, s);
      const auto crossed = hn::OddEven(other, hn::Neg(other));
      s = hn::MulAdd(s, LoadPartial(d, rope_cos + i, n),
                     hn::Mul(crossed, LoadPartial(d, rope_sin + i, n)));
    }
    StorePartial(d, s, sum + i, n);
  });
}
#endif

void Normalize(const float* sum, NormKind norm, const float* weight, const float* bias, float eps,
               float* y, size_t D) {
  const RowTag d;
  const NormalizedRow row = {
      sum, norm == NormKind::kRms ? RmsStatistics(sum, D, eps) : LayerStatistics(sum, D, eps)};
  ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
    StorePartial(d, WeighAndShift(row.Load(i, n), weight, bias, i, n), y + i, n);
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

HWY_EXPORT(AddAndRotate);
HWY_EXPORT(Normalize);

const float* RowOrNull(const ConstTensorView& view, int64_t row, int64_t D) {
  return view.empty() ? nullptr : view.data<float>() + row * D;
}

}  // namespace

absl::Status AddNormCpu(const AddNormArgs& args, Stream& stream) {
  const auto add_and_rotate = HWY_DYNAMIC_DISPATCH(AddAndRotate);
  const auto normalize = HWY_DYNAMIC_DISPATCH(Normalize);
  const int64_t L = args.hidden.dim(1);
  const int64_t D = args.hidden.dim(2);
  // y is also float32, so it can hold the sum until it is normalised.
  auto* sum = (args.residual_out.empty() ? args.y : args.residual_out).data<float>();
  const float* weight = args.weight.data<float>();
  const float* bias = RowOrNull(args.bias, 0, D);
  ParallelFor(stream, args.hidden.dim(0) * L, GrainRows(D), [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) {
      add_and_rotate(RowOrNull(args.hidden, m, D), RowOrNull(args.residual, m, D),
                     RowOrNull(args.rope_cos, m % L, D), RowOrNull(args.rope_sin, m % L, D),
                     sum + m * D, static_cast<size_t>(D));
      normalize(sum + m * D, args.norm, weight, bias, args.eps, args.y.data<float>() + m * D,
                static_cast<size_t>(D));
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
#endif  // HWY_ONCE
