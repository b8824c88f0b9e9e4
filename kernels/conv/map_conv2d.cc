#include "kernels/conv/map_conv2d.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/conv/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {
namespace {

absl::Status CheckWindow(const ArgChecker& check, const MapConv2dArgs& args) {
  const auto& [stride, pad, dilation] = args.window;
  if (stride < 1 || pad < 0 || dilation < 1) {
    return check.Error("x", args.x,
                       absl::StrCat("a positive stride and dilation and no negative padding for "
                                    "it, not stride ",
                                    stride, ", dilation ", dilation, " and padding ", pad));
  }
  if (OutputExtent(args.window, args.x.dim(1), args.weight.dim(1)) < 1 ||
      OutputExtent(args.window, args.x.dim(2), args.weight.dim(2)) < 1) {
    return check.Error("weight", args.weight,
                       absl::StrCat("a kernel no larger than the padded x ", Describe(args.x)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MapConv2d(const MapConv2dArgs& args, Stream& stream) {
  const ArgChecker check("map_conv2d", stream.device());
  const DType dtype = args.x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", args.x, dtype, {-1, -1, -1, -1}));
  LM_RETURN_IF_ERROR(check.Dense("weight", args.weight, dtype, {-1, -1, -1, args.x.dim(3)}));
  if (args.x.elements() == 0) return check.Error("x", args.x, "at least one element");
  if (args.weight.elements() == 0) {
    return check.Error("weight", args.weight, "at least one element");
  }
  LM_RETURN_IF_ERROR(CheckWindow(check, args));
  LM_RETURN_IF_ERROR(check.OptionalDense("bias", args.bias, DType::kFloat32, {args.weight.dim(0)}));
  LM_RETURN_IF_ERROR(check.Dense(
      "y", args.y, dtype,
      {args.x.dim(0), OutputExtent(args.window, args.x.dim(1), args.weight.dim(1)),
       OutputExtent(args.window, args.x.dim(2), args.weight.dim(2)), args.weight.dim(0)}));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return MapConv2dCpu(args, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return MapConv2dCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
