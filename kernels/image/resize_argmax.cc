#include "kernels/image/resize_argmax.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/image/backends.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

absl::Status ResizeArgmax(const ResizeArgmaxArgs& args, Stream& stream) {
  const ArgChecker check("resize_argmax", stream.device());
  const DType dtype = args.x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", args.x, dtype, {-1, -1, -1, -1}));
  if (args.x.dim(1) == 0 || args.x.dim(2) == 0 || args.x.dim(3) == 0) {
    return check.Error("x", args.x, "at least one row, one column and one channel");
  }
  if (args.between.has_value()) {
    const auto& [height, width, rows, columns] = *args.between;
    if (rows < 1 || rows > height || columns < 1 || columns > width) {
      return check.Error("x", args.x,
                         absl::StrCat("1 or more rows and columns to count, and no more than "
                                      "there are between, not ",
                                      rows, " x ", columns, " of ", height, " x ", width));
    }
  }
  LM_RETURN_IF_ERROR(check.Dense("y", args.y, DType::kInt32, {args.x.dim(0), -1, -1}));
  LM_RETURN_IF_ERROR(
      check.OptionalDense("confidence", args.confidence, DType::kFloat32, args.y.shape()));

  if (stream.device().is_cpu() && dtype == DType::kFloat32) return ResizeArgmaxCpu(args, stream);
#ifdef LOCALMAMBA_WITH_CUDA
  if (!stream.device().is_cpu() && IsFloat(dtype)) return ResizeArgmaxCuda(args, stream);
#endif
  return check.Unimplemented(dtype);
}

}  // namespace localmamba
