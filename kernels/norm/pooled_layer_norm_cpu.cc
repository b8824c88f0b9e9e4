#include <algorithm>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/norm/backends.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm/pooled_layer_norm_cpu.cc"
#include "hwy/foreach_target.h"  // before highway.h
// After it:
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/norm/row_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

// sum[d] = sum over `tokens` rows of x of their normalised elements.
void SumNormalized(const float* x, size_t tokens, size_t D, float eps, float* sum) {
  const RowTag d;
  std::fill_n(sum, D, 0.0F);
  for (size_t l = 0; l < tokens; ++l, x += D) {
    const NormalizedRow row = {x, LayerStatistics(x, D, eps)};
    ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
      StorePartial(d, hn::Add(row.Load(i, n), LoadPartial(d, sum + i, n)), sum + i, n);
    });
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace localmamba {
namespace {

HWY_EXPORT(SumNormalized);

// Tokens are summed in chunks of this many, whatever the number of threads, so that the order of
// additions and with it the result does not depend on it.
constexpr int64_t kChunkTokens = 64;

struct PooledLayerNormScratch {
  std::vector<float> sums;  // (M, chunks, D)
};

}  // namespace

absl::Status PooledLayerNormCpu(const PooledLayerNormArgs& args, Stream& stream) {
  const int64_t M = args.x.dim(0);
  const int64_t L = args.x.dim(1);
  const int64_t D = args.x.dim(2);
  const int64_t chunks = (L + kChunkTokens - 1) / kChunkTokens;
  std::vector<float>& sums = stream.Local<PooledLayerNormScratch>().sums;
  sums.resize(std::max(sums.size(), static_cast<size_t>(M * chunks * D)));
  const auto sum_normalized = HWY_DYNAMIC_DISPATCH(SumNormalized);
  ParallelFor(stream, M * chunks, GrainRows(kChunkTokens * D), [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t m = chunk / chunks;
      const int64_t l = chunk % chunks * kChunkTokens;
      sum_normalized(args.x.data<float>() + (m * L + l) * D,
                     static_cast<size_t>(std::min(kChunkTokens, L - l)), static_cast<size_t>(D),
                     args.eps, sums.data() + chunk * D);
    }
  });
  for (int64_t m = 0; m < M; ++m) {
    float* y = args.y.data<float>() + m * D;
    std::fill_n(y, D, 0.0F);
    for (int64_t chunk = m * chunks; chunk < (m + 1) * chunks; ++chunk) {
      const float* sum = sums.data() + chunk * D;
      for (int64_t i = 0; i < D; ++i) y[i] += sum[i];
    }
    for (int64_t i = 0; i < D; ++i) y[i] /= static_cast<float>(L);
    if (args.weight.empty()) continue;
    const auto* weight = args.weight.data<float>();
    const auto* bias = args.bias.data<float>();
    for (int64_t i = 0; i < D; ++i) y[i] = y[i] * weight[i] + bias[i];
  }
  return absl::OkStatus();
}

}  // namespace localmamba
#endif  // HWY_ONCE
