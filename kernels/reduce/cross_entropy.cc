#include "kernels/reduce/cross_entropy.h"

#include "kernels/base/status_macros.h"
#include "kernels/reduce/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

absl::Status CheckOperands(const ArgChecker& check, const ConstTensorView& logits,
                           const ConstTensorView& targets) {
  LM_RETURN_IF_ERROR(check.Tensor("logits", logits, logits.dtype(), {-1, -1}));
  if (logits.elements() == 0) return check.Error("logits", logits, "at least one element");
  return check.Dense("targets", targets, DType::kFloat32, logits.shape());
}

}  // namespace

absl::Status CrossEntropy(const CrossEntropyArgs& args, Stream& stream) {
  const ArgChecker check("cross_entropy", stream.device());
  LM_RETURN_IF_ERROR(CheckOperands(check, args.logits, args.targets));
  LM_RETURN_IF_ERROR(check.OptionalDense("loss", args.loss, DType::kFloat32, Shape()));
  LM_RETURN_IF_ERROR(
      check.OptionalDense("losses", args.losses, DType::kFloat32, {args.logits.dim(0)}));

  const DType dtype = args.logits.dtype();
  if (stream.device().is_cpu() && dtype == DType::kFloat32) return CrossEntropyCpu(args, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return CrossEntropyCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

absl::Status CrossEntropyBackward(const CrossEntropyBackwardArgs& args, Stream& stream) {
  const ArgChecker check("cross_entropy_backward", stream.device());
  LM_RETURN_IF_ERROR(CheckOperands(check, args.logits, args.targets));
  const DType dtype = args.logits.dtype();
  LM_RETURN_IF_ERROR(check.OptionalDense("dloss", args.dloss, DType::kFloat32, Shape()));
  LM_RETURN_IF_ERROR(check.Tensor("dlogits", args.dlogits, dtype, args.logits.shape()));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) {
    return CrossEntropyBackwardCpu(args, stream);
  }
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return CrossEntropyBackwardCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
