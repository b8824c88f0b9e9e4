#include "kernels/device/parallel.h"
#include "kernels/norm/backends.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm/layer_norm_cpu.cc"
#include "hwy/foreach_target.h"  // before highway.h
// After it:
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/elementwise/vector_math-inl.h"
#include "kernels/norm/row_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

// Absent weight, bias and z are null. Three passes over a row, which stays in the nearest cache.
void LayerNormRow(const float* x, const float* weight, const float* bias, const float* z, float eps,
                  float* y, size_t D) {
  const RowTag d;
  const NormalizedRow row = {x, LayerStatistics(x, D, eps)};
  ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
    auto v = WeighAndShift(row.Load(i, n), weight, bias, i, n);
    if (z != nullptr) v = hn::Mul(v, Silu(d, LoadPartial(d, z + i, n)));
    StorePartial(d, v, y + i, n);
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

HWY_EXPORT(LayerNormRow);

const float* DataOrNull(const ConstTensorView& view) {
  return view.empty() ? nullptr : view.data<float>();
}

}  // namespace

absl::Status LayerNormCpu(const LayerNormArgs& args, Stream& stream) {
  const auto layer_norm_row = HWY_DYNAMIC_DISPATCH(LayerNormRow);
  const float* weight = DataOrNull(args.weight);
  const float* bias = DataOrNull(args.bias);
  const float* z = DataOrNull(args.z);
  ParallelFor(stream, args.x.dim(0), GrainRows(args.x.dim(1)), [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) {
      layer_norm_row(args.x.data<float>() + m * args.x.stride(0), weight, bias,
                     z == nullptr ? nullptr : z + m * args.z.stride(0), args.eps,
                     args.y.data<float>() + m * args.y.stride(0),
                     static_cast<size_t>(args.x.dim(1)));
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
#endif  // HWY_ONCE
