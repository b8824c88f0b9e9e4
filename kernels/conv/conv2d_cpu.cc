// Patches gathered into rows, then one matrix product per chunk of rows. oneDNN's own convolution
// from channels first to channels last falls to its reference code, a thousand times slower, and
// with layouts of its choice needs a copy of weights or output; the gather costs less.
#include <algorithm>
#include <vector>

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/conv/patches_cpu.h"
#include "kernels/gemm/linear.h"

namespace localmamba {
namespace {

// Bounds the gathered rows, which may repeat each pixel kh * kw times. A chunk and its products
// stay in the cache of a core's neighbourhood.
constexpr int64_t kChunkElements = int64_t{1} << 20;

struct Conv2dScratch {
  std::vector<float> rows;
};

}  // namespace

absl::Status Conv2dCpu(const Conv2dArgs& args, Stream& stream) {
  const PatchShape shape = PatchShapeOf(args, args.y);
  const int64_t O = args.weight.dim(0);
  const int64_t K = shape.elements();
  const int64_t cells = args.y.elements() / O;
  const int64_t chunk = std::clamp<int64_t>(kChunkElements / K, 1, cells);
  std::vector<float>& rows = stream.Local<Conv2dScratch>().rows;
  rows.resize(std::max(rows.size(), static_cast<size_t>(chunk * K)));
  const ConstTensorView weight = args.weight.Reshape({O, K});
  const TensorView y = args.y.Reshape({cells, O});
  for (int64_t first = 0; first < cells; first += chunk) {
    const int64_t count = std::min(chunk, cells - first);
    GatherPatches(shape, args.x.data<float>(), first, count, rows.data(), stream);
    LM_RETURN_IF_ERROR(Linear({.x = {rows.data(), DType::kFloat32, {count, K}},
                               .weight = weight,
                               .bias = args.bias,
                               .y = y.Slice(0, first, first + count)},
                              stream));
  }
  return absl::OkStatus();
}

}  // namespace localmamba
