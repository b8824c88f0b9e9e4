// As conv2d_backward_cpu.cc: patches gathered into rows for dweight, a product whose rows are
// folded into images for dx, in chunks of whole images that bound the rows.
#include <algorithm>

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/conv/cuda/patches.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/elementwise/accumulate.h"
#include "kernels/gemm/linear_backward.h"

namespace localmamba {
namespace {

constexpr int64_t kChunkElements = int64_t{1} << 25;

}  // namespace

absl::Status Conv2dBackwardCuda(const Conv2dBackwardArgs& args, Stream& stream) {
  const PatchShape shape = PatchShapeOf(args, args.dy);
  const DType dtype = args.x.dtype();
  const int64_t B = args.x.dim(0);
  const int64_t O = args.weight.dim(0);
  const int64_t K = shape.elements();
  const int64_t cells = shape.out_height * shape.out_width;  // of an image
  const int64_t chunk = std::clamp<int64_t>(kChunkElements / (cells * K), 1, B);
  struct Conv2dBackwardRows;
  struct Conv2dBackwardWeight;
  LM_ASSIGN_OR_RETURN(void* rows_scratch,
                      cuda::GetScratch<Conv2dBackwardRows>(
                          static_cast<size_t>(chunk * cells * K) * SizeOf(dtype), stream));
  LM_ASSIGN_OR_RETURN(
      void* weight_scratch,
      cuda::GetScratch<Conv2dBackwardWeight>(static_cast<size_t>(O * K) * sizeof(float), stream));
  const ConstTensorView weight = args.weight.Reshape({O, K});
  for (int64_t first = 0; first < B; first += chunk) {
    const int64_t last = std::min(B, first + chunk);
    const int64_t count = (last - first) * cells;
    const TensorView rows(rows_scratch, dtype, {count, K}, stream.device());
    const ConstTensorView dy = args.dy.Slice(0, first, last).Reshape({count, O});
    if (!args.dweight.empty()) {
      LM_RETURN_IF_ERROR(cuda::GatherPatches(shape, args.x.Slice(0, first, last), rows, stream));
      const TensorView whole = args.dweight.Reshape({O, K});
      const TensorView part =
          first == 0 ? whole : TensorView(weight_scratch, DType::kFloat32, {O, K}, stream.device());
      LM_RETURN_IF_ERROR(LinearBackward({.x = rows, .dy = dy, .dweight = part}, stream));
      if (first != 0) LM_RETURN_IF_ERROR(Accumulate(part, whole, stream));
    }
    if (!args.dx.empty()) {
      LM_RETURN_IF_ERROR(LinearBackward({.weight = weight, .dy = dy, .dx = rows}, stream));
      LM_RETURN_IF_ERROR(cuda::FoldPatches(shape, rows, args.dx.Slice(0, first, last), stream));
    }
  }
  return absl::OkStatus();
}

}  // namespace localmamba
