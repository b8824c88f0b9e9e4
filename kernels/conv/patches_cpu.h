// The patches that a convolution's output cells see, as rows of a matrix, and the reverse.
#ifndef LOCALMAMBA_KERNELS_CONV_PATCHES_CPU_H_
#define LOCALMAMBA_KERNELS_CONV_PATCHES_CPU_H_

#include <cstdint>

#include "kernels/device/stream.h"

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

// Writes the patches of the output cells [first, first + count), numbered row-major over (image, i,
// j), to the rows of `rows`.
void GatherPatches(const PatchShape& shape, const float* images, int64_t first, int64_t count,
                   float* rows, const Stream& stream);

// images[b, c, r, s] = sum of the elements of the rows that stand for that pixel, in the order of
// the rows. `rows` holds all patches of `count` images.
void FoldPatches(const PatchShape& shape, const float* rows, int64_t count, float* images,
                 const Stream& stream);

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_CONV_PATCHES_CPU_H_
