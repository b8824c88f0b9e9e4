#include "kernels/conv/transposed_conv2d.h"

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status TransposedConv2d(const TransposedConv2dArgs& args, Stream& stream) {
  const ArgChecker check("transposed_conv2d", stream.device());
  const DType dtype = args.x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", args.x, dtype, {-1, -1, -1, -1}));
  if (args.x.elements() == 0) return check.Error("x", args.x, "at least one element");
  LM_RETURN_IF_ERROR(check.Dense("weight", args.weight, dtype, {-1, -1, -1, args.x.dim(3)}));
  const int64_t k = args.weight.dim(0);
  const int64_t O = args.weight.dim(2);
  if (args.weight.elements() == 0 || args.weight.dim(1) != k) {
    return check.Error("weight", args.weight, "a square window with at least one element");
  }
  LM_RETURN_IF_ERROR(check.OptionalDense("bias", args.bias, DType::kFloat32, {O}));
  LM_RETURN_IF_ERROR(
      check.Dense("y", args.y, dtype, {args.x.dim(0), k * args.x.dim(1), k * args.x.dim(2), O}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return TransposedConv2dCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return TransposedConv2dCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
