#include "kernels/conv/check_conv2d.h"

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"

namespace localmamba {

absl::StatusOr<Shape> CheckConv2d(const ArgChecker& check, const Conv2dArgs& args) {
  const DType dtype = args.x.dtype();
  LM_RETURN_IF_ERROR(check.Dense("x", args.x, dtype, {-1, -1, -1, -1}));
  const int64_t C = args.x.dim(1);
  LM_RETURN_IF_ERROR(check.Dense("weight", args.weight, dtype, {-1, C, -1, -1}));
  if (args.x.elements() == 0) return check.Error("x", args.x, "at least one element");
  if (args.weight.elements() == 0) {
    return check.Error("weight", args.weight, "at least one element");
  }
  if (args.stride < 1 || args.pad_top < 0 || args.pad_left < 0 || args.pad_bottom < 0 ||
      args.pad_right < 0) {
    return check.Error(
        "x", args.x,
        absl::StrCat("a positive stride and no negative padding for it, not stride ", args.stride,
                     " and padding ", args.pad_top, ",", args.pad_left, ",", args.pad_bottom, ",",
                     args.pad_right, " (top, left, bottom, right)"));
  }
  const int64_t span_rows = args.x.dim(2) + args.pad_top + args.pad_bottom - args.weight.dim(2);
  const int64_t span_columns = args.x.dim(3) + args.pad_left + args.pad_right - args.weight.dim(3);
  if (span_rows < 0 || span_columns < 0) {
    return check.Error("weight", args.weight,
                       absl::StrCat("a kernel no larger than the padded x ", Describe(args.x)));
  }
  return Shape{args.x.dim(0), span_rows / args.stride + 1, span_columns / args.stride + 1,
               args.weight.dim(0)};
}

}  // namespace localmamba
