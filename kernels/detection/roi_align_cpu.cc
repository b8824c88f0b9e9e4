// The samples of a bin lie on a grid, so their mean is separable: a weighted sum over the rows and
// columns they touch, whose weights are added up per axis first. Each cell is then read once per
// bin however many samples fall on it.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/detection/backends.h"
#include "kernels/detection/box.h"
#include "kernels/device/parallel.h"

namespace localmamba {
namespace {

// The cells of one axis that a bin reads: first, first + 1, ...
struct BinWeights {
  int64_t first = 0;
  std::vector<float> weights;
};

void AddWeight(int64_t cell, float weight, BinWeights& bin) {
  if (bin.weights.empty()) bin.first = cell;
  const auto at = static_cast<size_t>(cell - bin.first);  // samples ascend, so cell >= first
  if (at >= bin.weights.size()) bin.weights.resize(at + 1);
  bin.weights[at] += weight;
}

// The bins of one axis of a region, `factor` times the sum over their samples. Returns the number
// of samples in a bin.
int64_t WeighAxis(float begin, float end, int64_t extent, std::vector<BinWeights>& bins) {
  const float length = (end - begin) / static_cast<float>(bins.size());
  const auto samples = static_cast<int64_t>(std::ceil(length));
  for (size_t p = 0; p < bins.size(); ++p) {
    bins[p].weights.clear();
    for (int64_t i = 0; i < samples; ++i) {
      const float offset = (static_cast<float>(i) + 0.5F) * length / static_cast<float>(samples);
      float at = begin + static_cast<float>(p) * length + offset;
      if (at < -1.0F || at > static_cast<float>(extent)) continue;
      at = std::max(at, 0.0F);
      const auto cell = static_cast<int64_t>(at);
      if (cell >= extent - 1) {
        AddWeight(extent - 1, 1.0F, bins[p]);
        continue;
      }
      const float weight = at - static_cast<float>(cell);
      AddWeight(cell, 1.0F - weight, bins[p]);
      AddWeight(cell + 1, weight, bins[p]);
    }
  }
  return samples;
}

size_t LevelOf(const Box& roi, size_t levels) {
  const float scale = std::sqrt(roi.area());
  const float level = std::floor(std::log2(scale / 56.0F + 1e-6F));
  return static_cast<size_t>(std::clamp(level, 0.0F, static_cast<float>(levels - 1)));
}

class RegionReader {
 public:
  RegionReader(int64_t bin_rows, int64_t bin_columns)
      : rows_(static_cast<size_t>(bin_rows)), columns_(static_cast<size_t>(bin_columns)) {}

  // map: (H, W, C). Writes (Ph, Pw, C).
  void Read(const ConstTensorView& map, float stride, const Box& roi, float* y) {
    const float scale = 1.0F / stride;
    const int64_t gh = WeighAxis(roi.y1 * scale - 0.5F, roi.y2 * scale - 0.5F, map.dim(0), rows_);
    const int64_t gw =
        WeighAxis(roi.x1 * scale - 0.5F, roi.x2 * scale - 0.5F, map.dim(1), columns_);
    const float factor = 1.0F / static_cast<float>(std::max<int64_t>(gh * gw, 1));
    for (const BinWeights& row : rows_) {
      for (const BinWeights& column : columns_) {
        ReadBin(map, row, column, factor, y);
        y += map.dim(2);
      }
    }
  }

 private:
  static void ReadBin(const ConstTensorView& map, const BinWeights& rows, const BinWeights& columns,
                      float factor, float* y) {
    const int64_t W = map.dim(1);
    const int64_t C = map.dim(2);
    std::fill_n(y, C, 0.0F);
    for (size_t i = 0; i < rows.weights.size(); ++i) {
      const float* cells =
          map.data<float>() + ((rows.first + static_cast<int64_t>(i)) * W + columns.first) * C;
      const float row_weight = rows.weights[i] * factor;
      for (const float column_weight : columns.weights) {
        const float weight = row_weight * column_weight;
        for (int64_t c = 0; c < C; ++c) y[c] += weight * cells[c];
        cells += C;
      }
    }
  }

  std::vector<BinWeights> rows_;
  std::vector<BinWeights> columns_;
};

}  // namespace

absl::Status RoiAlignCpu(const RoiAlignArgs& args, Stream& stream) {
  const int64_t R = args.rois.dim(1);
  const int64_t row = args.y.dim(2) * args.y.dim(3) * args.y.dim(4);
  ParallelFor(stream, args.rois.dim(0) * R, GrainRows(4 * row), [&](int64_t begin, int64_t end) {
    RegionReader reader(args.y.dim(2), args.y.dim(3));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / R;
      const int64_t r = i % R;
      float* y = args.y.data<float>() + i * row;
      if (!args.counts.empty() && r >= args.counts.data<int32_t>()[b]) {
        std::fill_n(y, row, 0.0F);
        continue;
      }
      Box roi;
      std::memcpy(&roi, args.rois.data<float>() + b * args.rois.stride(0) + r * 4, sizeof(roi));
      const PyramidMap& source = args.maps[LevelOf(roi, args.maps.size())];
      reader.Read(source.map.Select(0, b), source.stride, roi, y);
    }
  });
  return absl::OkStatus();
}

}  // namespace localmamba
