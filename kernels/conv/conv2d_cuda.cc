// Patches are gathered into a matrix, which then is multiplied as a linear layer. The matrix costs
// one more pass over an input that, for the patch embeddings this is for, is smaller than the
// output.
#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/conv/cuda/patches.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/gemm/linear.h"

namespace localmamba {

absl::Status Conv2dCuda(const Conv2dArgs& args, Stream& stream) {
  const PatchShape shape = PatchShapeOf(args, args.y);
  const int64_t O = args.weight.dim(0);
  const int64_t K = shape.elements();
  const int64_t cells = args.y.elements() / O;
  const DType dtype = args.x.dtype();
  struct Conv2dPatches;
  LM_ASSIGN_OR_RETURN(void* scratch, cuda::GetScratch<Conv2dPatches>(
                                         static_cast<size_t>(cells * K) * SizeOf(dtype), stream));
  const TensorView patches(scratch, dtype, {cells, K}, stream.device());
  LM_RETURN_IF_ERROR(cuda::GatherPatches(shape, args.x, patches, stream));
  return Linear({.x = patches,
                 .weight = args.weight.Reshape({O, K}),
                 .bias = args.bias,
                 .y = args.y.Reshape({cells, O})},
                stream);
}

}  // namespace localmamba
