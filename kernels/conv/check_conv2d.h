// The checks that Conv2d and its backward share.
#ifndef LOCALMAMBA_KERNELS_CONV_CHECK_CONV2D_H_
#define LOCALMAMBA_KERNELS_CONV_CHECK_CONV2D_H_

#include "absl/status/statusor.h"
#include "kernels/conv/conv2d.h"
#include "kernels/tensor/check_args.h"

namespace localmamba {

// Checks x, weight, stride and padding and returns the shape that y must have.
absl::StatusOr<Shape> CheckConv2d(const ArgChecker& check, const Conv2dArgs& args);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_CHECK_CONV2D_H_
