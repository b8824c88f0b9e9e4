// The patches that a convolution's output cells see, as rows of a matrix, and the reverse.
#ifndef LOCALMAMBA_KERNELS_CONV_PATCHES_CPU_H_
#define LOCALMAMBA_KERNELS_CONV_PATCHES_CPU_H_

#include <cstdint>

#include "kernels/conv/patch_shape.h"
#include "kernels/device/stream.h"

namespace localmamba {

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
