#include "kernels/conv/conv2d_backward.h"

#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/conv/check_conv2d.h"
#include "kernels/reduce/sum_rows.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

// dx and dweight.
absl::Status Products(const ArgChecker& check, const Conv2dBackwardArgs& args, Stream& stream) {
  const DType dtype = args.x.dtype();
  if (stream.device().is_cpu() && dtype == DType::kFloat32) return Conv2dBackwardCpu(args, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return Conv2dBackwardCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace

absl::Status Conv2dBackward(const Conv2dBackwardArgs& args, Stream& stream) {
  const ArgChecker check("conv2d_backward", stream.device());
  const DType dtype = args.x.dtype();
  const Conv2dArgs forward = {.x = args.x,
                              .weight = args.weight,
                              .stride = args.stride,
                              .pad_top = args.pad_top,
                              .pad_left = args.pad_left,
                              .pad_bottom = args.pad_bottom,
                              .pad_right = args.pad_right};
  LM_ASSIGN_OR_RETURN(const Shape result, CheckConv2d(check, forward));
  LM_RETURN_IF_ERROR(check.Dense("dy", args.dy, dtype, result));
  LM_RETURN_IF_ERROR(check.OptionalDense("dx", args.dx, dtype, args.x.shape()));
  LM_RETURN_IF_ERROR(
      check.OptionalDense("dweight", args.dweight, DType::kFloat32, args.weight.shape()));
  const int64_t O = args.weight.dim(0);
  LM_RETURN_IF_ERROR(check.OptionalDense("dbias", args.dbias, DType::kFloat32, {O}));

  if (!args.dbias.empty()) {
    LM_RETURN_IF_ERROR(
        SumRows(args.dy.Reshape({args.dy.elements() / O, O}), args.dbias.Reshape({1, O}), stream));
  }
  if (args.dx.empty() && args.dweight.empty()) return absl::OkStatus();
  return Products(check, args, stream);
}

}  // namespace localmamba
