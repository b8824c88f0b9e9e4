// As the forward pass: patches gathered into rows for dweight, a product whose rows are folded into
// images for dx. Chunks of whole images bound the rows; dweight is the sum of the chunks' in order.
#include <algorithm>
#include <vector>

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/conv/patches_cpu.h"
#include "kernels/elementwise/accumulate.h"
#include "kernels/gemm/linear_backward.h"

namespace localmamba {
namespace {

constexpr int64_t kChunkElements = int64_t{1} << 20;

struct Conv2dBackwardScratch {
  std::vector<float> rows;
  std::vector<float> dweight;  // of one chunk
};

}  // namespace

absl::Status Conv2dBackwardCpu(const Conv2dBackwardArgs& args, Stream& stream) {
  const PatchShape shape = PatchShapeOf(args, args.dy);
  const int64_t B = args.x.dim(0);
  const int64_t O = args.weight.dim(0);
  const int64_t K = shape.elements();
  const int64_t cells = shape.out_height * shape.out_width;  // of an image
  const int64_t chunk = std::clamp<int64_t>(kChunkElements / (cells * K), 1, B);
  auto& scratch = stream.Local<Conv2dBackwardScratch>();
  scratch.rows.resize(std::max(scratch.rows.size(), static_cast<size_t>(chunk * cells * K)));
  scratch.dweight.resize(std::max(scratch.dweight.size(), static_cast<size_t>(O * K)));
  const ConstTensorView weight = args.weight.Reshape({O, K});
  for (int64_t first = 0; first < B; first += chunk) {
    const int64_t count = std::min(chunk, B - first);
    const TensorView rows(scratch.rows.data(), DType::kFloat32, {count * cells, K});
    const ConstTensorView dy = args.dy.Slice(0, first, first + count).Reshape({count * cells, O});
    if (!args.dweight.empty()) {
      GatherPatches(shape, args.x.data<float>(), first * cells, count * cells, rows.data<float>(),
                    stream);
      const TensorView whole = args.dweight.Reshape({O, K});
      const TensorView part =
          first == 0 ? whole : TensorView(scratch.dweight.data(), DType::kFloat32, {O, K});
      LM_RETURN_IF_ERROR(LinearBackward({.x = rows, .dy = dy, .dweight = part}, stream));
      if (first != 0) LM_RETURN_IF_ERROR(Accumulate(part, whole, stream));
    }
    if (!args.dx.empty()) {
      LM_RETURN_IF_ERROR(LinearBackward({.weight = weight, .dy = dy, .dx = rows}, stream));
      FoldPatches(shape, rows.data<float>(), count,
                  args.dx.data<float>() + first * args.dx.stride(0), stream);
    }
  }
  return absl::OkStatus();
}

}  // namespace localmamba
