// Patches gathered into rows, then one matrix product per chunk of rows. oneDNN's own convolution
// from channels first to channels last falls to its reference code, a thousand times slower, and
// with layouts of its choice needs a copy of weights or output; the gather costs less.
#include <algorithm>
#include <vector>

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/device/parallel.h"
#include "kernels/gemm/linear.h"

namespace localmamba {
namespace {

// Bounds the gathered rows, which may repeat each pixel kh * kw times. A chunk and its products
// stay in the cache of a core's neighbourhood.
constexpr int64_t kChunkElements = int64_t{1} << 20;

struct Conv2dScratch {
  std::vector<float> rows;
};

// Writes the C * kh * kw inputs of output cell `cell` (row-major over b, i, j) to `row`.
void GatherPatch(const Conv2dArgs& args, int64_t cell, float* row) {
  const int64_t C = args.x.dim(1);
  const int64_t H = args.x.dim(2);
  const int64_t W = args.x.dim(3);
  const int64_t kh = args.weight.dim(2);
  const int64_t kw = args.weight.dim(3);
  const int64_t b = cell / (args.y.dim(1) * args.y.dim(2));
  const int64_t top = cell / args.y.dim(2) % args.y.dim(1) * args.stride - args.pad_top;
  const int64_t left = cell % args.y.dim(2) * args.stride - args.pad_left;
  const int64_t q_begin = std::clamp<int64_t>(-left, 0, kw);
  const int64_t q_end = std::clamp<int64_t>(W - left, q_begin, kw);
  for (int64_t c = 0; c < C; ++c) {
    const float* plane = args.x.data<float>() + (b * C + c) * H * W;
    for (int64_t p = 0; p < kh; ++p, row += kw) {
      const int64_t r = top + p;
      if (r < 0 || r >= H) {
        std::fill_n(row, kw, 0.0F);
        continue;
      }
      std::fill(row, row + q_begin, 0.0F);
      std::copy(plane + r * W + left + q_begin, plane + r * W + left + q_end, row + q_begin);
      std::fill(row + q_end, row + kw, 0.0F);
    }
  }
}

}  // namespace

absl::Status Conv2dCpu(const Conv2dArgs& args, Stream& stream) {
  const int64_t O = args.weight.dim(0);
  const int64_t K = args.weight.elements() / O;
  const int64_t cells = args.y.elements() / O;
  const int64_t chunk = std::clamp<int64_t>(kChunkElements / K, 1, cells);
  std::vector<float>& rows = stream.Local<Conv2dScratch>().rows;
  rows.resize(std::max(rows.size(), static_cast<size_t>(chunk * K)));
  const ConstTensorView weight = args.weight.Reshape({O, K});
  const TensorView y = args.y.Reshape({cells, O});
  for (int64_t first = 0; first < cells; first += chunk) {
    const int64_t count = std::min(chunk, cells - first);
    ParallelFor(stream, count, GrainRows(K), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) GatherPatch(args, first + i, rows.data() + i * K);
    });
    LM_RETURN_IF_ERROR(Linear({.x = {rows.data(), DType::kFloat32, {count, K}},
                               .weight = weight,
                               .bias = args.bias,
                               .y = y.Slice(0, first, first + count)},
                              stream));
  }
  return absl::OkStatus();
}

}  // namespace localmamba
