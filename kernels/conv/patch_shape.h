// What the output cells of a convolution see of its images.
#ifndef LOCALMAMBA_KERNELS_CONV_PATCH_SHAPE_H_
#define LOCALMAMBA_KERNELS_CONV_PATCH_SHAPE_H_

#include <cstdint>

#include "kernels/conv/conv2d.h"
#include "kernels/conv/conv2d_backward.h"

namespace localmamba {

// Images of (channels, height, width); output cell (i, j) sees kernel_height x kernel_width pixels
// of each channel from row i * stride - pad_top and column j * stride - pad_left on, zero outside.
struct PatchShape {
  int64_t channels, height, width;
  int64_t kernel_height, kernel_width;
  int64_t out_height, out_width;
  int64_t stride, pad_top, pad_left;

  // Of one patch: its columns are ordered by (channel, row, column) as the weights are.
  [[nodiscard]] int64_t elements() const { return channels * kernel_height * kernel_width; }
};

// Of Conv2dArgs or Conv2dBackwardArgs, the latter with y = dy.
template <class Args>
PatchShape PatchShapeOf(const Args& args, const ConstTensorView& y) {
  return {.channels = args.x.dim(1),
          .height = args.x.dim(2),
          .width = args.x.dim(3),
          .kernel_height = args.weight.dim(2),
          .kernel_width = args.weight.dim(3),
          .out_height = y.dim(1),
          .out_width = y.dim(2),
          .stride = args.stride,
          .pad_top = args.pad_top,
          .pad_left = args.pad_left};
}

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_PATCH_SHAPE_H_
