// Parallel over runs of tokens, each with partial sums of its own for the gradients that sum over
// tokens. A run is short, so that its rows of dy stay in the caches while the directions pass.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/scan/backends.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/scan/merge_directions_backward_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/norm/row_norm_backward-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

constexpr float kNormEps = 1e-5F;

const float* RowOrNull(const ConstTensorView& view, int64_t row, int64_t D) {
  return view.empty() ? nullptr : view.data<float>() + row * D;
}
float* RowOrNull(const TensorView& view, int64_t row, int64_t D) {
  return view.empty() ? nullptr : view.data<float>() + row * D;
}

// One token of one direction. Absent arguments are null.
struct MergeToken {
  const float* o;
  const float* channel;
  float spatial;
  const float* w;
  const float* dy;
  const float* d_o_in;
  float* d_o;
  float* dchannel;  // added to
  float* dw;        // added to
  float* term;      // room for a row, with w
};

// Returns the sum over channels of dt * o * channel.
float MergeTokenBackward(const MergeToken& token, size_t D) {
  const RowTag d;
  const auto spatial = hn::Set(d, token.spatial);
  const auto scale_channel = [&](RowVec v, size_t i, size_t n) HWY_ATTR {
    return token.channel == nullptr ? v : hn::Mul(v, LoadPartial(d, token.channel + i, n));
  };
  // dt = scale * (dy - mean(dy) - x^ * mean(dy * x^)); without w, dy.
  NormalizedRow row = {token.term, {0.0F, 0.0F}};
  GradientMeans means = {0.0F, 0.0F};
  if (token.w != nullptr) {
    ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
      const auto o = LoadPartial(d, token.o + i, n);
      StorePartial(d, hn::Mul(scale_channel(o, i, n), spatial), token.term + i, n);
    });
    row.statistics = LayerStatistics(token.term, D, kNormEps);
    means = ReduceGradient(
        row, D,
        [&](size_t i, size_t n, RowVec) HWY_ATTR { return LoadPartial(d, token.dy + i, n); },
        [](size_t, size_t, RowVec dn) HWY_ATTR { return dn; }, nullptr, nullptr);
    *token.dw += means.g_normalized * static_cast<float>(D);
  }
  auto sum = hn::Zero(d);
  ForEachVector(D, [&](size_t i, size_t n) HWY_ATTR {
    auto dt = LoadPartial(d, token.dy + i, n);
    if (token.w != nullptr) {
      dt = hn::Mul(InputGradient(row, means, dt, i, n), hn::Set(d, *token.w));
    }
    if (token.d_o != nullptr) {
      auto d_o = hn::Mul(scale_channel(dt, i, n), spatial);
      if (token.d_o_in != nullptr) d_o = hn::Add(d_o, LoadPartial(d, token.d_o_in + i, n));
      StorePartial(d, d_o, token.d_o + i, n);
    }
    if (token.o == nullptr) return;
    // Lanes beyond the row are 0 in o.
    const auto product = hn::Mul(dt, LoadPartial(d, token.o + i, n));
    if (token.dchannel != nullptr) {
      const auto before = LoadPartial(d, token.dchannel + i, n);
      StorePartial(d, hn::MulAdd(product, spatial, before), token.dchannel + i, n);
    }
    sum = hn::Add(sum, scale_channel(product, i, n));
  });
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

// The tokens [begin, end) of image `b`. Their shares of the sums over tokens are added to `sums`, a
// row of D + 2 elements per direction: dchannel, dglobal, dw. `term` has room for a row.
void MergeRunBackward(const MergeDirectionsBackwardArgs& args, int64_t b, int64_t begin,
                      int64_t end, float* sums, float* term) {
  const Shape& shape = args.o.empty() ? args.d_o.shape() : args.o.shape();
  const int64_t L = shape[2];
  const int64_t D = shape[3];
  for (int64_t k = 0; k < shape[0]; ++k, sums += D + 2) {
    const int64_t sequence = k * shape[1] + b;
    for (int64_t l = begin; l < end; ++l) {
      const int64_t row = sequence * L + l;
      MergeToken token = {.o = RowOrNull(args.o, row, D),
                          .channel = RowOrNull(args.channel, sequence, D),
                          .spatial = 1.0F,
                          .w = RowOrNull(args.w, k, 1),
                          .dy = RowOrNull(args.dy, b * L + l, D),
                          .d_o_in = RowOrNull(args.d_o_in, row, D),
                          .d_o = RowOrNull(args.d_o, row, D),
                          .dchannel = args.dchannel.empty() ? nullptr : sums,
                          .dw = sums + D + 1,
                          .term = term};
      if (!args.local.empty()) {
        const float logit = *RowOrNull(args.local, row, 1) + *RowOrNull(args.global, sequence, 1);
        token.spatial = 1.0F / (1.0F + std::exp(-logit));
      }
      const float dspatial = MergeTokenBackward(token, static_cast<size_t>(D));
      const float dlocal = token.spatial * (1.0F - token.spatial) * dspatial;
      if (!args.dlocal.empty()) *RowOrNull(args.dlocal, row, 1) = dlocal;
      sums[D] += dlocal;
    }
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

HWY_EXPORT(MergeRunBackward);

constexpr int64_t kRunTokens = 32;

struct MergeBackwardScratch {
  std::vector<float> sums;   // (B, runs, K, D + 2)
  std::vector<float> terms;  // (B, runs, D)
};

// Writes the totals of the runs of each image, and of all for dw.
void AddRuns(const MergeDirectionsBackwardArgs& args, const Shape& shape, int64_t runs,
             const float* sums) {
  const int64_t K = shape[0];
  const int64_t B = shape[1];
  const int64_t D = shape[3];
  for (const TensorView& view : {args.dchannel, args.dglobal, args.dw}) {
    if (!view.empty()) std::fill_n(view.data<float>(), view.elements(), 0.0F);
  }
  for (int64_t run = 0; run < B * runs; ++run) {
    for (int64_t k = 0; k < K; ++k, sums += D + 2) {
      const int64_t sequence = k * B + run / runs;
      if (!args.dchannel.empty()) {
        float* dchannel = args.dchannel.data<float>() + sequence * D;
        for (int64_t i = 0; i < D; ++i) dchannel[i] += sums[i];
      }
      if (!args.dglobal.empty()) args.dglobal.data<float>()[sequence] += sums[D];
      if (!args.dw.empty()) args.dw.data<float>()[k] += sums[D + 1];
    }
  }
}

}  // namespace

void MergeDirectionsBackwardCpu(const MergeDirectionsBackwardArgs& args, Stream& stream) {
  const auto merge_run_backward = HWY_DYNAMIC_DISPATCH(MergeRunBackward);
  const Shape& shape = args.o.empty() ? args.d_o.shape() : args.o.shape();
  const int64_t K = shape[0];
  const int64_t L = shape[2];
  const int64_t D = shape[3];
  const int64_t runs = (L + kRunTokens - 1) / kRunTokens;
  const int64_t all_runs = shape[1] * runs;
  auto& [sums, terms] = stream.Local<MergeBackwardScratch>();
  sums.assign(static_cast<size_t>(all_runs * K * (D + 2)), 0.0F);
  terms.resize(static_cast<size_t>(all_runs * D));
  ParallelFor(stream, all_runs, GrainRows(kRunTokens * K * D), [&](int64_t begin, int64_t end) {
    for (int64_t run = begin; run < end; ++run) {
      const int64_t first = run % runs * kRunTokens;
      merge_run_backward(args, run / runs, first, std::min(L, first + kRunTokens),
                         sums.data() + run * K * (D + 2), terms.data() + run * D);
    }
  });
  AddRuns(args, shape, runs, sums.data());
}

}  // namespace localmamba
#endif  // HWY_ONCE
