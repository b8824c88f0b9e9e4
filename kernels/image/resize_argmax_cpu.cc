// Both resizes of an axis are one sum of up to four cells. That along the columns is done first, once
// for all pixels of a row.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kernels/device/parallel.h"
#include "kernels/image/backends.h"
#include "kernels/image/bilinear_taps.h"

namespace localmamba {
namespace {

// The inputs of one output coordinate, each once.
struct MergedTaps {
  size_t count = 0;
  std::array<int64_t, 4> index{};
  std::array<float, 4> weight{};

  void Add(int64_t tap, float share) {
    if (share == 0.0F) return;
    const auto* const end = index.begin() + count;
    const auto place = static_cast<size_t>(std::find(index.cbegin(), end, tap) - index.cbegin());
    if (place == count) index[count++] = tap;
    weight[place] += share;
  }
};

// From `in` cells to `between`, of whose first `part` to `out`.
std::vector<MergedTaps> MergeTaps(int64_t in, int64_t between, int64_t part, int64_t out) {
  const std::vector<BilinearTaps> inner = MakeBilinearTaps(in, between);
  std::vector<MergedTaps> merged;
  for (const BilinearTaps& outer : MakeBilinearTaps(part, out)) {
    MergedTaps& taps = merged.emplace_back();
    for (size_t i = 0; i < 2; ++i) {
      const BilinearTaps& cell = inner[static_cast<size_t>(outer.index[i])];
      for (size_t j = 0; j < 2; ++j) taps.Add(cell.index[j], outer.weight[i] * cell.weight[j]);
    }
  }
  return merged;
}

// sum[k] = the sum over the taps of weight * x[index * stride + k], k < length.
void Combine(const MergedTaps& taps, const float* x, int64_t stride, int64_t length, float* sum) {
  std::fill_n(sum, length, 0.0F);
  for (size_t i = 0; i < taps.count; ++i) {
    const float* from = x + taps.index[i] * stride;
    for (int64_t k = 0; k < length; ++k) sum[k] += taps.weight[i] * from[k];
  }
}

float Confidence(const std::vector<float>& logits, float largest) {
  float sum = 0.0F;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return 1.0F / sum;
}

}  // namespace

absl::Status ResizeArgmaxCpu(const ResizeArgmaxArgs& args, Stream& stream) {
  const int64_t H = args.x.dim(1);
  const int64_t W = args.x.dim(2);
  const int64_t C = args.x.dim(3);
  const int64_t Ho = args.y.dim(1);
  const int64_t Wo = args.y.dim(2);
  const IntermediateSize between = args.between.value_or(IntermediateSize{H, W, H, W});
  const std::vector<MergedTaps> rows = MergeTaps(H, between.height, between.rows, Ho);
  const std::vector<MergedTaps> columns = MergeTaps(W, between.width, between.columns, Wo);
  ParallelFor(
      stream, args.y.dim(0) * Ho, GrainRows(4 * (W + Wo) * C), [&](int64_t begin, int64_t end) {
        std::vector<float> row(static_cast<size_t>(W * C));
        std::vector<float> cell(static_cast<size_t>(C));
        for (int64_t i = begin; i < end; ++i) {
          Combine(rows[static_cast<size_t>(i % Ho)], args.x.data<float>() + i / Ho * H * W * C,
                  W * C, W * C, row.data());
          for (int64_t j = 0; j < Wo; ++j) {
            Combine(columns[static_cast<size_t>(j)], row.data(), C, C, cell.data());
            const auto largest = std::max_element(cell.begin(), cell.end());
            args.y.data<int32_t>()[i * Wo + j] = static_cast<int32_t>(largest - cell.begin());
            if (!args.confidence.empty()) {
              args.confidence.data<float>()[i * Wo + j] = Confidence(cell, *largest);
            }
          }
        }
      });
  return absl::OkStatus();
}

}  // namespace localmamba
