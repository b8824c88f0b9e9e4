// One matrix product for the rows of a few cells, whose k x k results are then put in their places.
#include <algorithm>
#include <vector>

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/device/parallel.h"
#include "kernels/gemm/linear.h"

namespace localmamba {
namespace {

// Bounds the products that wait to be put in place, so that they stay in the cache.
constexpr int64_t kChunkElements = int64_t{1} << 20;

struct TransposedConv2dScratch {
  std::vector<float> rows;
  std::vector<float> bias;
};

// The results of cells [first, first + count), (count, k, k, O), to y.
void PutInPlace(const TransposedConv2dArgs& args, const float* rows, int64_t first, int64_t count,
                const Stream& stream) {
  const int64_t W = args.x.dim(2);
  const int64_t k = args.weight.dim(0);
  const int64_t segment = k * args.weight.dim(2);  // of one row of the window
  ParallelFor(stream, count, GrainRows(k * segment), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t map_row = (first + i) / W;  // over all images
      const int64_t column = (first + i) % W;
      for (int64_t p = 0; p < k; ++p) {
        std::copy_n(rows + (i * k + p) * segment, segment,
                    args.y.data<float>() + ((map_row * k + p) * W + column) * segment);
      }
    }
  });
}

}  // namespace

absl::Status TransposedConv2dCpu(const TransposedConv2dArgs& args, Stream& stream) {
  const int64_t C = args.x.dim(3);
  const int64_t O = args.weight.dim(2);
  const int64_t N = args.weight.elements() / C;  // results of a cell
  const int64_t cells = args.x.elements() / C;
  const int64_t chunk = std::clamp<int64_t>(kChunkElements / N, 1, cells);
  auto& scratch = stream.Local<TransposedConv2dScratch>();
  scratch.rows.resize(std::max(scratch.rows.size(), static_cast<size_t>(chunk * N)));
  ConstTensorView bias;
  if (!args.bias.empty()) {
    scratch.bias.resize(static_cast<size_t>(N));
    for (int64_t i = 0; i < N; i += O) {
      std::copy_n(args.bias.data<float>(), O, scratch.bias.data() + i);
    }
    bias = {scratch.bias.data(), DType::kFloat32, {N}};
  }
  const ConstTensorView x = args.x.Reshape({cells, C});
  for (int64_t first = 0; first < cells; first += chunk) {
    const int64_t count = std::min(chunk, cells - first);
    LM_RETURN_IF_ERROR(Linear({.x = x.Slice(0, first, first + count),
                               .weight = args.weight.Reshape({N, C}),
                               .bias = bias,
                               .activation = args.activation,
                               .y = {scratch.rows.data(), DType::kFloat32, {count, N}}},
                              stream));
    PutInPlace(args, scratch.rows.data(), first, count, stream);
  }
  return absl::OkStatus();
}

}  // namespace localmamba
